"""Ctrl-C while a run goes on."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Interrupts:
    """How often the user asked to stop: once to let requests finish, twice to give them up."""

    count: int = 0

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """SIGINT and SIGTERM are counted within the block, and do nothing else."""

        def note(*_: object) -> None:
            self.count += 1

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
