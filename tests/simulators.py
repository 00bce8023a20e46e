"""Simulators for tests: forks of the process that commands are forked of, which have nothing left to import."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Any, cast

from aisbench.children import child_environment
from aisbench.simulator.child import Child
from aisbench.simulator.process import SimulatorProcess, simulate_command
from tests.forks import Fork, forks


class _ForkedChild(Child):
    """Ends when `lifeline`, the other end of its standard input, is closed."""

    def __init__(self, fork: Fork, lifeline: int) -> None:
        super().__init__(cast("Any", fork))
        self._lifeline = lifeline

    def stop(self) -> int:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return cast("Fork", self.process).wait(10)


@contextlib.contextmanager
def start_simulator(
    args: list[str], *, uds: str | None = None, tls: tuple[str, str] | None = None
) -> Iterator[SimulatorProcess]:
    """As the package's `start_simulator`, for `args` that are right."""
    end, lifeline = os.pipe()
    fork = forks().start("main", simulate_command(args, uds, tls), child_environment(), given=end)
    child = _ForkedChild(fork, lifeline)
    with fork.stdout, fork.stderr:
        try:
            for line in fork.stdout:
                if line.startswith("listening on "):
                    port = re.search(r":(\d+)$", line.strip())
                    child.port = int(port[1]) if port else 0
                    break
            else:
                raise AssertionError(fork.stderr.read())
            yield SimulatorProcess(child, uds, tls is not None)
        finally:
            child.stop()
