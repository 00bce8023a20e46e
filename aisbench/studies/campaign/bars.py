"""A progress bar for each task; lines where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from aisbench import saying
from aisbench.studies.campaign.tasks import Task


class Bars:
    """Shows the tasks of one stage from `with` to its end."""

    def __init__(self, tasks: Sequence[Task], *, shown: bool) -> None:
        self._lines = shown and not sys.stderr.isatty()
        self._done: dict[str, int] = {}
        self._bars: dict[str, TaskID] = {}
        self._progress: Progress | None = None
        if shown and not self._lines:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
            )
            for task in tasks:
                self._bars[task.name] = self._progress.add_task(f"{task.stage} {task.name}", total=None)

    def __enter__(self) -> Bars:
        if self._progress is not None:
            self._progress.start()
        return self

    def update(self, task: Task, done: int, of: int) -> None:
        if self._progress is not None:
            self._progress.update(self._bars[task.name], completed=done, total=of)
        elif self._lines and done > self._done.get(task.name, 0):
            self._done[task.name] = done
            saying.say(f"{task.stage} {task.name}: {done:,} of {of:,} requests done", err=True)

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
