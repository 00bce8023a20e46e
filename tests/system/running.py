"""Whole runs of the command line, in processes of their own (see tests/forks.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forks import Fork, forks
from tests.waiting import readable, wait_until
from tests.zygote import WORKER

LOAD = [sys.executable, "-m", "aisbench", "load"]


@dataclass
class Finished:
    code: int
    out: str
    err: str
    work_dir: Path

    @property
    def folder(self) -> Path:
        """The run's folder: there must be exactly one."""
        (folder,) = self.work_dir.iterdir()
        return folder

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return summary


def environment() -> dict[str, str]:
    """Ours without keys that would reach the server."""
    return {k: v for k, v in os.environ.items() if k not in ("AISBENCH_API_KEY", "OPENAI_API_KEY")}


def start_command(*args: object) -> Fork:
    """Starts `aisbench` with `args`."""
    return forks().start("main", args, environment())


def run_command(
    *args: object, cwd: Path | None = None, given: str = "", variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `aisbench` with `args`; `given` stands on its standard input, and `variables` are in its environment."""
    process = forks().start("main", args, {**environment(), **(variables or {})}, cwd=cwd, given=given)
    out, err = process.communicate(timeout=100)
    return subprocess.CompletedProcess(["aisbench", *map(str, args)], process.wait(), out, err)


def start_load(work_dir: Path, *args: object) -> Fork:
    return start_command("load", "--work-dir", work_dir, *args)


def finish(process: subprocess.Popen[str] | Fork, work_dir: Path) -> Finished:
    out, err = process.communicate(timeout=100)
    return Finished(process.wait(), out, err, work_dir)


def run_load(work_dir: Path, *args: object) -> Finished:
    return finish(start_load(work_dir, *args), work_dir)


def wait_for(process: subprocess.Popen[Any] | Fork, condition: Callable[[], object]) -> None:
    """As `wait_until`, for what `process` brings about; fails at once when it ends before."""

    def reached() -> bool:
        if condition():
            return True
        assert process.poll() is None, process.communicate()
        return False

    wait_until(reached, timeout_s=100)


def rows_begun(work_dir: Path) -> int:
    """The rows that the workers of the run in `work_dir` have begun so far."""
    total = 0
    for path in work_dir.glob("*/records/rows-*.bin"):
        with path.open("rb") as file:
            head = file.read(24)
        total += int.from_bytes(head[16:24], "little") if len(head) == 24 else 0
    return total


def wait_for_rows(process: subprocess.Popen[str] | Fork, work_dir: Path, wanted: int = 30) -> None:
    wait_for(process, lambda: rows_begun(work_dir) >= wanted)


def descendants(pid: int) -> list[int]:
    """The processes that `pid` has started, and those that they have."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in children for one in (int(child), *descendants(int(child)))]


def workers_of(process: Fork) -> list[int]:
    """The process ids of a run's workers, in order."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return sorted(int(pid) for pid in children if _is_worker(Path("/proc", pid)))


def _is_worker(process: Path) -> bool:
    return (
        WORKER in process.joinpath("cmdline").read_text()
        or process.joinpath("comm").read_text() == "worker\n"
    )


def kill(process: subprocess.Popen[str] | Fork) -> str:
    """Ends the coordinator with SIGKILL, waits until its workers have ended by themselves; what it had printed."""
    ends = [os.pidfd_open(pid) for pid in descendants(process.pid)]
    process.kill()
    out, err = process.communicate()
    for end in ends:
        assert readable(end, 30.0)
        os.close(end)
    return out + err
