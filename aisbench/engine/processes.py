"""The worker processes: started, looked after, ended."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

END_PATIENCE_S = 5.0


class WorkerProcesses:
    """One process for each spec; what they print goes to `logs`/worker-W.log.

    Their standard input is a lifeline: a worker whose coordinator is gone reads its end and stops.
    """

    def __init__(self, specs: list[Path], logs: Path, inherited: tuple[int, ...]) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        for worker, spec in enumerate(specs):
            with (logs / f"worker-{worker}.log").open("wb") as log:
                self.processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "aisbench.engine.worker", str(spec)],
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        pass_fds=inherited,
                    )
                )

    @property
    def running(self) -> bool:
        return any(process.poll() is None for process in self.processes)

    def death_of(self, worker: int) -> str | None:
        """How a worker ended that should not have; None while it runs and when it ended well."""
        code = self.processes[worker].poll()
        if not code:
            return None
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    @property
    def dead(self) -> str | None:
        """A sentence on the first worker that died."""
        for worker in range(len(self.processes)):
            if how := self.death_of(worker):
                return f"worker {worker} died ({how}); see logs/worker-{worker}.log"
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
                process.wait(END_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
