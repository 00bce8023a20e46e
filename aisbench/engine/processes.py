"""Starts, watches and ends the worker processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from aisbench.children import child_command, child_environment, last_words
from aisbench.disk import EXIT_FULL
from aisbench.engine.worker_spec import WorkerSpec

_END_PATIENCE_S = 5.0


class WorkerProcesses:
    """One process for each spec; worker W's output goes to `logs`/worker-W.log.

    The spec is sent on standard input, never through a file, because it holds keys. The pipe then serves as
    a lifeline: when the coordinator is gone, the worker reads its end and stops.
    """

    def __init__(self, specs: list[WorkerSpec], logs: Path, inherited: tuple[int, ...]) -> None:
        self.specs = specs
        self.logs = logs
        self.processes: list[subprocess.Popen[bytes]] = []
        for worker in range(len(specs)):
            with self.log_of(worker).open("wb") as log:
                self.processes.append(
                    subprocess.Popen(
                        child_command("aisbench.engine.worker"),
                        bufsize=0,
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        env=child_environment(),
                        pass_fds=inherited,
                    )
                )
        for process, spec in zip(self.processes, specs, strict=True):
            assert process.stdin is not None
            # `dead` reports a worker that has already died.
            with contextlib.suppress(BrokenPipeError):
                write_all(process.stdin.fileno(), spec.encoded())

    def log_of(self, worker: int) -> Path:
        return self.logs / f"worker-{worker}.log"

    @property
    def running(self) -> bool:
        return any(process.poll() is None for process in self.processes)

    def death_of(self, worker: int) -> str | None:
        """How a worker died; None while it runs and when it ended properly."""
        code = self.processes[worker].poll()
        if not code:
            return None
        if code == EXIT_FULL:
            return "no room on the disk"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def figures(self, worker: int, live: Any) -> dict[str, Any]:
        """The figures that a worker wrote (none if it was killed), with its counters from `live`."""
        path = Path(self.specs[worker].records, f"worker-{worker}.json")
        figures: dict[str, Any] = {"worker": worker, "pid": None}
        if path.exists():
            figures = json.loads(path.read_text())
            path.unlink()
        figures["died"] = self.death_of(worker)
        for name in ("reads", "reads_stamped", "stale_retries"):
            figures[name] = int(live[name])
        return figures

    @property
    def full(self) -> bool:
        """True when a worker found no room for its records."""
        return any(process.poll() == EXIT_FULL for process in self.processes)

    @property
    def dead(self) -> str | None:
        """A sentence about the first worker that died; None if none did."""
        for worker in range(len(self.processes)):
            if how := self.death_of(worker):
                log = self.log_of(worker)
                said = last_words(log.read_bytes()) if log.exists() else ""
                return f"worker {worker} died ({how}{said and f': {said}'}); see logs/{log.name}"
        return None

    def wait(self, seconds: float) -> None:
        """Waits for `seconds`, or until the first worker that still runs has ended."""
        for process in self.processes:
            if process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
                return

    def end(self) -> None:
        """Closes the lifelines, and kills workers that do not end within 5 s."""
        for process in self.processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self.processes:
            try:
                process.wait(_END_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def write_all(fd: int, content: bytes) -> None:
    """Writes all of `content`, also when a signal cuts a write to a pipe short."""
    while content:
        content = content[os.write(fd, content) :]
