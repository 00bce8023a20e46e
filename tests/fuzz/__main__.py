"""`scripts/fuzz`: looks for inputs that the compiled core treats wrongly."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.corpus import FOLDER, committed, kept_in
from tests.fuzz.engine import LastInput, file_name, fuzz
from tests.fuzz.targets import TARGETS

# Ignored by git: inputs that reached new code, and the input of the moment.
_WORK = Path(__file__).parents[2] / "build" / "fuzz"


def main(arguments: Sequence[str] | None = None, work: Path = _WORK) -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds for each target (default: 60)")
    parser.add_argument(
        "--target", choices=[*TARGETS], action="append", help="may be repeated (default: all)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random inputs (default: 0)")
    asked = parser.parse_args(arguments)
    failed = False
    for name in asked.target or TARGETS:
        kept = work / name
        pool = [*committed(name), *kept_in(kept)]
        last = work / f"{name}.last"
        print(f"{name}: {len(pool)} inputs to begin with; the last one checked is in {last}", flush=True)
        outcome = fuzz(TARGETS[name], pool, seed=asked.seed, seconds=asked.seconds, last=LastInput(last))
        kept.mkdir(parents=True, exist_ok=True)
        for data in outcome.kept:
            (kept / file_name(data)).write_bytes(data)
        guided = f", {len(outcome.kept)} reached new code" if outcome.kept else ""
        print(f"{name}: {outcome.runs} inputs in {outcome.cpu_s:.1f} s of CPU time{guided}", flush=True)
        if outcome.found is not None:
            failed = True
            path = FOLDER / name / f"found-{file_name(outcome.found)}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(outcome.found)
            print(
                f"{name}: {outcome.found!r} is treated wrongly: {outcome.problem}\n{name}: saved as {path}",
                flush=True,
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
