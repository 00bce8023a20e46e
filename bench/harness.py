"""Shared by the benchmarks: a referee on one core, a client on another, and the client's CPU time."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from aisbench.simulator.referee import RefereeProcess, start_referee

ROOT = Path(__file__).resolve().parent.parent
SERVER_CORE = "0"
CLIENT_CORE = "1"


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
    command: list[str], *, core: str, env: Mapping[str, str] | None = None
) -> tuple[float, str]:
    """Runs a command pinned to `core`; returns the task-clock of it and its children in ms, and its output."""
    import os

    with tempfile.NamedTemporaryFile("r") as counted:
        perf = ["perf", "stat", "-x", ",", "-e", "task-clock", "-o", counted.name]
        done = subprocess.run(
            ["taskset", "-c", core, *perf, *command],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            check=False,
        )
        if done.returncode not in (0, 3):
            raise RuntimeError(
                f"{command[:4]} ended with {done.returncode}: {done.stderr[-2000:]}{done.stdout[-500:]}"
            )
        for line in counted.read().splitlines():
            fields = line.split(",")
            if len(fields) > 2 and fields[2].startswith("task-clock"):
                return float(fields[0]), done.stdout
    raise RuntimeError("perf counted nothing")


def found(name: str) -> str | None:
    """The path of an installed program, or None."""
    return shutil.which(name)


def table(rows: list[list[str]]) -> str:
    """Rows of text as a Markdown table; the first is the head."""
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])
