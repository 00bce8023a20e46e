"""Shared by the benchmarks: a referee on one core, a client on another, and the client's CPU time."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from aisbench.simulator.referee import RefereeProcess, start_referee

ROOT = Path(__file__).resolve().parent.parent
SERVER_CORE = "0"
CLIENT_CORE = "1"
# In the environment of a measured command and all its children, which are found by it.
_MARK = "BENCH_RUN"


@contextlib.contextmanager
def referee(
    *, ttft_us: int, itl_us: int, tokens: int, core: str = SERVER_CORE, binary: str | None = None
) -> Iterator[RefereeProcess]:
    """The built-in referee on `core`, or another `binary` that takes the same arguments."""
    if binary is None:
        with start_referee(ttft_us=ttft_us, itl_us=itl_us, tokens=tokens, cpu=int(core)) as built_in:
            yield built_in
        return
    port = free_port()
    command = ["taskset", "-c", core, binary, str(port), str(ttft_us), str(itl_us), str(tokens)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        there = RefereeProcess(port)
        wait_for(there)
        yield there
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait_for(there: RefereeProcess) -> None:
    import time

    for _ in range(200):
        try:
            there.reset()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the referee did not start")


@dataclass
class Load:
    """One run of aisbench-load: its summary, and the CPU time of all its processes."""

    summary: dict[str, Any]
    folder: Path
    cpu_ms: float


def load_command(url: str, work_dir: Path, *args: object) -> list[str]:
    """The command line of aisbench-load as a user would give it, without the line that shows progress."""
    command = [
        sys.executable,
        "-m",
        "aisbench",
        "load",
        "--url",
        url,
        "--work-dir",
        str(work_dir),
        "--no-progress",
    ]
    return [*command, *map(str, args)]


def check_ended(code: int, output: TextIO) -> None:
    """Raises RuntimeError, with the end of what it wrote to `output`, unless aisbench-load wrote its report."""
    if code not in (0, 3):
        output.seek(0)
        raise RuntimeError(f"aisbench-load ended with {code}: {output.read()[-2000:]}")


def aisbench_load(
    folder: Path, url: str, *args: object, core: str = CLIENT_CORE, env: Mapping[str, str] | None = None
) -> Load:
    """Runs aisbench-load pinned to `core`, as a user would, under `perf stat -e task-clock`."""
    work_dir = Path(tempfile.mkdtemp(dir=folder))
    cpu_ms, _ = with_cpu_time(load_command(url, work_dir, *args), core=core, env=env)
    (run,) = work_dir.iterdir()
    return Load(json.loads((run / "summary.json").read_text()), run, cpu_ms)


def with_cpu_time(
    command: list[str], *, core: str, env: Mapping[str, str] | None = None, limit_s: float | None = None
) -> tuple[float, str]:
    """Runs a command pinned to `core`; returns the task-clock of it and its children in ms, and its output.

    Ends what the command leaves running. Raises RuntimeError if it fails, or if it runs longer than `limit_s`.
    """
    mark = uuid.uuid4().hex
    with (
        tempfile.NamedTemporaryFile("r") as counted,
        tempfile.NamedTemporaryFile("r") as ended,
        # Not pipes: a process that is left running would hold their ends open.
        tempfile.TemporaryFile("w+") as output,
        tempfile.TemporaryFile("w+") as complaints,
    ):
        perf = ["perf", "stat", "-x", ",", "-e", "task-clock", "-o", counted.name]
        # perf loses the exit code of a command that ends soon on a busy machine. The shell takes about 1 ms.
        told = ["sh", "-c", '"$@"; echo $? > "$0"', ended.name]
        process = subprocess.Popen(
            ["taskset", "-c", core, *perf, *told, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
            cwd=ROOT,
            env={**os.environ, **(env or {}), _MARK: mark},
        )
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{Path(command[0]).name} did not end within {limit_s:g} s") from None
        finally:
            end_marked(f"{_MARK}={mark}")
            process.wait()
        output.seek(0)
        complaints.seek(0)
        text, complaint = output.read(), complaints.read()
        code = int(ended.read() or process.returncode)
        if code not in (0, 3):
            raise RuntimeError(
                f"{Path(command[0]).name} ended with {code}: {complaint[-2000:]}{text[-500:]}".rstrip(": \n")
            )
        for line in counted.read().splitlines():
            fields = line.split(",")
            if len(fields) > 2 and fields[2].startswith("task-clock"):
                return float(fields[0]), text
    raise RuntimeError("perf counted nothing")


def end_marked(entry: str) -> None:
    """Kills every process that has `entry`, as NAME=VALUE, in its environment, until there are none."""
    left = True
    while left:
        left = False
        for place in Path("/proc").glob("[0-9]*"):
            # A process may end meanwhile; those of other users cannot be read.
            with contextlib.suppress(OSError):
                if entry.encode() in (place / "environ").read_bytes().split(b"\0"):
                    os.kill(int(place.name), signal.SIGKILL)
                    left = True


def found(name: str) -> str | None:
    """The path of an installed program, or None."""
    return shutil.which(name)


def table(rows: list[list[str]]) -> str:
    """Rows of text as a Markdown table; the first is the head."""
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])
