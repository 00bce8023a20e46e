"""Instructions per streamed event, by valgrind, whatever else the machine does: python -m bench.instructions

aisbench-load with one worker against the referee (128 streams of 64 tokens, 100 ms apart, which leave valgrind the time
that it needs), with two numbers of requests, so that start-up cancels out. `worker` is all that the worker's process does;
`on_wake` is what follows from an event of a socket, from reading it to the records. Two runs of the same code differ by
about 2 %, since what a read returns depends on the time.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.harness import CLIENT_CORE, ROOT, found, load_command, referee, table

STREAMS, TOKENS = 128, 64
SIZES = (128, 384)
TTFT_US, ITL_US = 50_000, 100_000
WORKER, ON_WAKE = "worker", "on_wake"

_WORKER_MODULE = "aisbench.engine.crew.worker"
_ON_WAKE = re.compile(r"^ *([\d,]+) .*Driver_\d+on_wake\b")


def per_event() -> dict[str, float]:
    """Instructions per event: of WORKER and of ON_WAKE. Raises RuntimeError if valgrind fails."""
    less, more = (_counted(requests) for requests in SIZES)
    return {name: (more[name] - less[name]) / ((SIZES[1] - SIZES[0]) * TOKENS) for name in less}


def _counted(requests: int) -> dict[str, int]:
    with (
        tempfile.TemporaryDirectory() as folder,
        referee(ttft_us=TTFT_US, itl_us=ITL_US, tokens=TOKENS) as server,
    ):
        command = ["taskset", "-c", CLIENT_CORE, "valgrind", "--tool=callgrind", "--trace-children=yes"]
        command += [f"--callgrind-out-file={folder}/counts.%p", f"--log-file={folder}/log.%p"]
        command += load_command(
            server.url,
            Path(folder) / "runs",
            *("--backend", "openai-chat", "--input-len", 4, "--output-len", TOKENS, "--workers", 1),
            *("--concurrency", STREAMS, "--num-requests", requests),
        )
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"valgrind ended with {done.returncode}: {done.stderr[-500:]}")
        if (tokens := server.truth()["tokens"]) != requests * TOKENS:
            raise RuntimeError(f"{tokens} events were served instead of {requests * TOKENS}")
        counts = [path for path in Path(folder).glob("counts.*") if is_worker(path.read_text())]
        if len(counts) != 1:
            raise RuntimeError(f"{len(counts)} processes were workers, not 1")
        annotated = subprocess.run(
            ["callgrind_annotate", "--threshold=100", "--inclusive=yes", str(counts[0])],
            capture_output=True,
            text=True,
            check=True,
        )
        return {WORKER: total(counts[0].read_text()), ON_WAKE: inclusive_on_wake(annotated.stdout)}


def is_worker(counts: str) -> bool:
    """Whether a file of callgrind is that of a worker."""
    return re.search(rf"^cmd: .*{re.escape(_WORKER_MODULE)}", counts, re.MULTILINE) is not None


def total(counts: str) -> int:
    """The instructions of a whole process, from its file."""
    line = re.search(r"^totals: (\d+)", counts, re.MULTILINE)
    if line is None:
        raise RuntimeError("callgrind wrote no totals")
    return int(line[1])


def inclusive_on_wake(annotated: str) -> int:
    """The instructions of `Driver.on_wake` and all that it calls, from the output of callgrind_annotate."""
    for line in annotated.splitlines():
        if match := _ON_WAKE.match(line):
            return int(match[1].replace(",", ""))
    raise RuntimeError("callgrind did not count Driver.on_wake")


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    if not found("valgrind"):
        sys.exit("error: valgrind is not installed; install it (Debian: apt-get install valgrind)")
    try:
        counted = per_event()
    except RuntimeError as problem:
        sys.exit(f"error: {problem}")
    print(table([["part", "instructions per event"], *([name, f"{n:,.0f}"] for name, n in counted.items())]))


if __name__ == "__main__":
    main()
