"""Ctrl-C, SIGTERM and the end of the terminal, while a run goes on and around it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Interrupts:
    """How often the user asked to stop: once to let requests finish, twice to give them up."""

    count: int = 0

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """SIGINT, SIGTERM and SIGHUP are counted within the block, and do nothing else."""

        def note(number: int, _: object) -> None:
            self.count += 1
            if number == signal.SIGHUP:
                _let_go_of_terminal()

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, *_ending_signals())}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _ending_signals() -> tuple[signal.Signals, ...]:
    """SIGTERM, and SIGHUP unless it is ignored, as under nohup."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGTERM,)
    return (signal.SIGTERM, signal.SIGHUP)


def interrupt_when_ended() -> None:
    """From here on SIGTERM and SIGHUP raise KeyboardInterrupt, so that what has begun is put in order."""

    def interrupt(number: int, _: object) -> None:
        if number == signal.SIGHUP:
            _let_go_of_terminal()
        raise KeyboardInterrupt

    for number in _ending_signals():
        signal.signal(number, interrupt)


def _let_go_of_terminal() -> None:
    """What is written to a terminal that is gone goes nowhere from here on, rather than raise."""
    for fd in (1, 2):
        try:
            os.write(fd, b"")
        except OSError:
            with contextlib.suppress(OSError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, fd)
                os.close(nowhere)
