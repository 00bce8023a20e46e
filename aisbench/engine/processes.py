"""The worker processes: started, looked after, ended."""

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
    """One process for each spec; what they print goes to `logs`/worker-W.log.

    Their standard input brings the spec, which holds keys and so lies in no file, and is then a lifeline: a
    worker whose coordinator is gone reads its end and stops.
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
            # One that has died already is found by `dead`.
            with contextlib.suppress(BrokenPipeError):
                write_all(process.stdin.fileno(), spec.encoded())

    def log_of(self, worker: int) -> Path:
        return self.logs / f"worker-{worker}.log"

    @property
    def running(self) -> bool:
        return any(process.poll() is None for process in self.processes)

    def death_of(self, worker: int) -> str | None:
        """How a worker ended that should not have; None while it runs and when it ended well."""
        code = self.processes[worker].poll()
        if not code:
            return None
        if code == EXIT_FULL:
            return "no room on the disk"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def figures(self, worker: int, live: Any) -> dict[str, Any]:
        """What a worker wrote about itself, with its counters in `live`; a killed one wrote nothing."""
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
        """A sentence on the first worker that died."""
        for worker in range(len(self.processes)):
            if how := self.death_of(worker):
                log = self.log_of(worker)
                said = last_words(log.read_bytes()) if log.exists() else ""
                return f"worker {worker} died ({how}{said and f': {said}'}); see logs/{log.name}"
        return None

    def wait(self, seconds: float) -> None:
        """Until a time has passed, or the first worker that still runs has ended."""
        for process in self.processes:
            if process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
                return

    def end(self) -> None:
        """Lets go of the lifelines, and kills what does not end by itself."""
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
    """A signal may cut a write to a pipe short."""
    while content:
        content = content[os.write(fd, content) :]
