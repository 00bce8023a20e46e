"""Handles Ctrl-C, SIGTERM and a closed terminal, during a run and around it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

# How long after an interrupt that was lost the next try is made.
_AGAIN_S = 0.002
# How often one who waits looks whether the user asks to stop.
_LOOK_EVERY_S = 0.05

Got = TypeVar("Got")


class Interrupted(Exception):
    """The user asked to stop, so nobody waits any longer."""


@dataclass
class Interrupts:
    """`count`: how often the user asked to stop; once lets requests finish, twice gives them up."""

    count: int = 0

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """Within the block, SIGINT, SIGTERM and SIGHUP are counted and have no other effect."""

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

    def wait_for(self, work: Callable[[], Got], *, beyond: int = 0) -> Got:
        """The result of `work`, which is done in another thread.

        Raises Interrupted once the user has asked to stop more than `beyond` times: `work` goes on alone, and an ending
        process does not wait for it.
        """
        # Imported here, as this module is loaded by every command.
        from concurrent.futures import wait

        from aisbench.engine.aside import aside

        found = aside(work)
        while not wait([found], _LOOK_EVERY_S).done:
            if self.count > beyond:
                raise Interrupted
        return found.result()

    def wait_at_end_for(self, work: Callable[[], Got]) -> Got:
        """As wait_for, for `work` at the end of a run: the first wish to stop may be what ended it, a second one counts."""
        return self.wait_for(work, beyond=min(self.count, 1))


def _ending_signals() -> tuple[signal.Signals, ...]:
    """SIGTERM, and SIGHUP unless it is ignored (as under nohup)."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGTERM,)
    return (signal.SIGTERM, signal.SIGHUP)


def interrupt_when_ended() -> None:
    """From here on SIGTERM and SIGHUP raise KeyboardInterrupt, as SIGINT does, so that cleanup runs; none is lost."""

    def interrupt(number: int, _: object) -> None:
        if number == signal.SIGHUP:
            _let_go_of_terminal()
        raise KeyboardInterrupt

    for number in _ending_signals():
        signal.signal(number, interrupt)
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.unraisablehook = _again_if_interrupted(sys.unraisablehook)


def _again_if_interrupted(
    otherwise: Callable[[sys.UnraisableHookArgs], object],
) -> Callable[[sys.UnraisableHookArgs], None]:
    """A hook that repeats an interrupt whose exception was dropped, and leaves other exceptions to `otherwise`.

    Python drops what is raised in a weak reference's callback and in `__del__`, which run wherever an object dies.
    """

    def hook(dropped: sys.UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            # Raised here it would be dropped as well.
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        else:
            otherwise(dropped)

    return hook


def end_undisturbed() -> None:
    """From here on SIGINT, SIGTERM and SIGHUP have no effect, as the command is ending with the exit code of the first."""
    for number in (signal.SIGINT, *_ending_signals()):
        signal.signal(number, signal.SIG_IGN)


def _let_go_of_terminal() -> None:
    """Redirects output from a closed terminal to /dev/null, so that writing does not raise."""
    for fd in (1, 2):
        try:
            os.write(fd, b"")
        except OSError:
            with contextlib.suppress(OSError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, fd)
                os.close(nowhere)
