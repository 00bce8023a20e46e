"""`scripts/fuzz`: looks for inputs that the compiled core treats wrongly."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.corpus import FOLDER, committed, kept_in
from tests.fuzz.engine import LastInput, file_name, fuzz
from tests.fuzz.log import LOG, append, table
from tests.fuzz.targets import TARGETS

# Ignored by git: inputs that reached new code, the input of the moment, and the log.
_WORK = Path(__file__).parents[2] / "build" / "fuzz"


# After so many finds, a target is not fuzzed further: most are of one fault.
_MOST_FINDS = 3
_ROUND_S = 120.0


def _fuzzed(name: str, seed: int, seconds: float, work: Path) -> int:
    """Fuzzes one target for `seconds` of CPU time; returns the number of finds."""
    kept = work / name
    kept.mkdir(parents=True, exist_ok=True)
    pool = [*committed(name), *kept_in(kept)]
    # Several may run at once, with different seeds.
    last = LastInput(work / f"{name}-{seed}.last")
    print(f"{name}: {len(pool)} inputs to begin with; the last one checked is in {last.path}", flush=True)
    finds, rounds, spent_s = 0, 0, 0.0
    while spent_s < seconds and finds < _MOST_FINDS:
        # In rounds, as the log has only what has ended.
        left_s = min(_ROUND_S, seconds - spent_s)
        outcome = fuzz(TARGETS[name], pool, seed=seed + rounds, seconds=left_s, last=last)
        spent_s += outcome.cpu_s
        for data in outcome.kept:
            (kept / file_name(data)).write_bytes(data)
        guided = f", {len(outcome.kept)} reached new code" if outcome.kept else ""
        print(f"{name}: {outcome.runs} inputs in {outcome.cpu_s:.1f} s of CPU time{guided}", flush=True)
        append(work / LOG, name, seed + rounds, outcome)
        rounds += 1
        pool += outcome.kept
        if outcome.found is None:
            continue
        finds += 1
        # A saved input that is still treated wrongly would end the next round at once.
        pool = [data for data in pool if data != outcome.found]
        path = FOLDER / name / f"found-{file_name(outcome.found)}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(outcome.found)
        print(
            f"{name}: {outcome.found!r} is treated wrongly: {outcome.problem}\n{name}: saved as {path}",
            flush=True,
        )
    return finds


def main(arguments: Sequence[str] | None = None, work: Path = _WORK) -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds for each target (default: 60)")
    parser.add_argument(
        "--target", choices=[*TARGETS], action="append", help="may be repeated (default: all)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random inputs (default: 0)")
    parser.add_argument("--sum", action="store_true", help="only print what all runs so far have done")
    asked = parser.parse_args(arguments)
    if asked.sum:
        print(table(work / LOG), end="")
        return 0
    failed = False
    for name in asked.target or TARGETS:
        failed = _fuzzed(name, asked.seed, asked.seconds, work) > 0 or failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
