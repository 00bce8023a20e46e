"""Starts the worker processes, which load their modules and then wait for their specs."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from pathlib import Path

from aisbench.children import child_command, child_environment
from aisbench.engine.crew.worker_spec import WorkerSpec

_END_PATIENCE_S = 5.0


class StartedWorkers:
    """`count` worker processes; the output of worker W goes to `logs`/worker-W.log, and they are numbered from `first` on.

    They may be started before their specs are known, since loading their modules takes a while. A spec is sent through
    the socket that is the worker's standard input, never through a file, because it holds keys. The socket then serves as a
    lifeline: when the coordinator is gone, the worker reads its end and stops.
    """

    def __init__(self, count: int, logs: Path, first: int = 0) -> None:
        self.first = first
        self.logs = logs
        self.processes: list[subprocess.Popen[bytes]] = []
        self.lifelines: list[socket.socket] = []
        try:
            for worker in range(count):
                self._start(worker)
        except BaseException:
            self.end()
            raise

    def log_of(self, worker: int) -> Path:
        return self.logs / f"worker-{self.first + worker}.log"

    def _start(self, worker: int) -> None:
        ours, theirs = socket.socketpair()
        self.lifelines.append(ours)
        with theirs, self.log_of(worker).open("wb") as log:
            self.processes.append(
                subprocess.Popen(
                    child_command("aisbench.engine.crew.worker"),
                    stdin=theirs.fileno(),
                    stdout=log,
                    stderr=log,
                    env=child_environment(),
                )
            )

    def send(self, specs: list[WorkerSpec]) -> None:
        """Sends each worker its spec, with the files that it names by their numbers here."""
        for lifeline, spec in zip(self.lifelines, specs, strict=True):
            # WorkerProcesses.dead reports a worker that has already died.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                content = spec.encoded()
                sent = socket.send_fds(lifeline, [content], spec.files)
                lifeline.sendall(content[sent:])

    def end(self) -> None:
        """Closes the lifelines, and kills the workers that have not ended 5 s later. May be called again."""
        for lifeline in self.lifelines:
            lifeline.close()
        give_up = time.monotonic() + _END_PATIENCE_S
        for process in self.processes:
            try:
                process.wait(max(0.0, give_up - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
