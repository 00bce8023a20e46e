"""Start-up of aisbench-load: wall and CPU time of `--help` and of a small run: python -m bench.startup

The run sends 10 requests, 2 at a time, to the referee. Its times are from just before the process is started: until the
first request is sent (`sent_ns` of its row) and until the process has exited. The CPU time is that of the command and
all its children. With `--other FOLDER`, the checkout in that folder takes turns with this one, so that both meet the same
noise; the last column is then the median ratio of the pairs, this one to the other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from aisbench.records.rows import RowsFile
from aisbench.simulator.referee import start_referee
from bench.harness import ROOT, check_ended, table

# As the installed script starts it.
START = [sys.executable, "-c", "import sys; from aisbench.cli.main import load_main; sys.exit(load_main())"]
LOAD = [
    "--num-requests",
    "10",
    "--concurrency",
    "2",
    "--output-len",
    "4",
    "--backend",
    "openai-chat",
    "--no-progress",
]
HELP, HELP_CPU = "start to help printed, ms", "CPU of --help, ms"
SENT, EXIT, CPU = "start to first request, ms", "start to exit, ms", "CPU of the run, ms"
FIGURES = (HELP, HELP_CPU, SENT, EXIT, CPU)


def environment_with(compiled: str) -> dict[str, str]:
    """The environment of the command: its modules are kept in the folder `compiled`, as those of an installed package are."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AISBENCH_"))}
    return {**kept, "PYTHONPYCACHEPREFIX": compiled}


def started(checkout: Path, environment: dict[str, str], *args: str) -> tuple[int, float, float]:
    """Runs the command of a checkout; returns its start (CLOCK_MONOTONIC, ns), and its wall and CPU time in ms."""
    with tempfile.TemporaryFile("w+") as output:
        begun = time.monotonic_ns()
        # Its own standard input, as a terminal would give it one; the current folder comes first on the path of -c.
        child = subprocess.Popen(
            [*START, *args],
            cwd=checkout,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
        )
        _, status, usage = os.wait4(child.pid, 0)
        ended = time.monotonic_ns()
        child.returncode = os.waitstatus_to_exitcode(status)
        check_ended(child.returncode, output)
    return begun, (ended - begun) / 1e6, 1000 * (usage.ru_utime + usage.ru_stime)


def measured(checkout: Path, environment: dict[str, str], url: str) -> dict[str, float]:
    """The figures of one `--help` and one run."""
    _, help_ms, help_cpu_ms = started(checkout, environment, "--help")
    with tempfile.TemporaryDirectory() as work_dir:
        begun, exit_ms, cpu_ms = started(checkout, environment, "--url", url, "--work-dir", work_dir, *LOAD)
        first = [
            int(RowsFile.open(path).rows["sent_ns"].min())
            for path in Path(work_dir).glob("*/records/rows-*.bin")
        ]
    return {
        HELP: help_ms,
        HELP_CPU: help_cpu_ms,
        SENT: (min(first) - begun) / 1e6,
        EXIT: exit_ms,
        CPU: cpu_ms,
    }


def in_turns(checkouts: list[Path], rounds: int) -> list[list[dict[str, float]]]:
    """For each checkout the figures of all rounds, in which the checkouts take turns."""
    found: list[list[dict[str, float]]] = [[] for _ in checkouts]
    with (
        tempfile.TemporaryDirectory() as compiled,
        start_referee(ttft_us=1000, itl_us=1000, tokens=16) as server,
    ):
        environment = environment_with(compiled)
        for checkout in checkouts:
            # Compiles its modules.
            measured(checkout, environment, server.url)
        for _ in range(rounds):
            for checkout, one in zip(checkouts, found, strict=True):
                one.append(measured(checkout, environment, server.url))
    return found


def rows_of(found: list[list[dict[str, float]]]) -> list[list[str]]:
    """The table: for each figure and checkout, median (quartiles); then the median ratio of the pairs."""
    rows = []
    for name in found[0][0]:
        columns = [[figures[name] for figures in one] for one in found]
        cells = [
            f"{median(column):.0f} ({'–'.join(f'{q:.0f}' for q in quantiles(column)[::2])})"
            for column in columns
        ]
        if len(columns) == 2:
            cells.append(f"{median(ours / theirs for ours, theirs in zip(*columns, strict=True)):.2f}")
        rows.append([name, *cells])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--other", type=Path, metavar="FOLDER", help="a built checkout to compare with")
    options = parser.parse_args()
    checkouts = [ROOT, *([options.other.resolve()] if options.other is not None else [])]
    names = ["this checkout", *(["the other", "ratio"] if options.other is not None else [])]
    print(table([["median (quartiles)", *names], *rows_of(in_turns(checkouts, options.rounds))]))


if __name__ == "__main__":
    main()
