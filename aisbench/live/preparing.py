"""Shows the progress of preparing prompts: a bar on a terminal, otherwise a line now and then."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from aisbench.saying import say

# The interval of the lines. A workload that is ready sooner prints none.
_SAY_EVERY_S = 2.0


@contextlib.contextmanager
def preparing() -> Iterator[Callable[[int, int], None]]:
    """A function for the block to report (done, total) to; the progress is shown on standard error."""
    with contextlib.ExitStack() as stack:
        yield Preparing(stack, lambda line: say(line, err=True), bar=True).report


class Preparing:
    """Shows the progress passed to `report` as a bar or, without a terminal, as lines passed to `say`.

    The bar goes to `file` (standard error), because standard output is reserved for the result. `stack` closes it.
    """

    def __init__(
        self,
        stack: contextlib.ExitStack,
        say: Callable[[str], None],
        *,
        bar: bool,
        file: TextIO | None = None,
    ) -> None:
        self.stack = stack
        self.say = say
        self.file = file or sys.stderr
        self.with_bar = bar and self.file.isatty()
        self.next_s = time.monotonic() + (0.2 if self.with_bar else _SAY_EVERY_S)
        self.update: Callable[[int, int], None] | None = None

    def report(self, done: int, total: int) -> None:
        if self.update is not None:
            self.update(done, total)
            return
        now = time.monotonic()
        if now < self.next_s or done == total:
            return
        self.next_s = now + _SAY_EVERY_S
        if self.with_bar:
            self.update = self.begin_bar(total)
            self.update(done, total)
        else:
            self.say(f"preparing prompts: {done} of {total}")

    def begin_bar(self, total: int) -> Callable[[int, int], None]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("preparing prompts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        shown = Progress(*columns, console=Console(file=self.file), transient=True)
        shown.start()
        task = shown.add_task("", total=total)
        self.stack.callback(shown.stop)

        def update(done: int, total: int) -> None:
            shown.update(task, completed=done)
            if done == total:
                shown.stop()

        return update
