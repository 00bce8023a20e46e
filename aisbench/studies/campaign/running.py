"""Runs tasks: one after the other on each server, and servers side by side; each writes its own log."""

from __future__ import annotations

import ctypes
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aisbench.children import child_command, last_words
from aisbench.exit_codes import INTERRUPTED
from aisbench.studies.campaign.tasks import Task

_LOOK_EVERY_S = 0.1
_TAIL_BYTES = 4096
# The plain lines of a run's live view.
_PROGRESS = re.compile(rb"requests [\d,]+ of ([\d,]+) sent, ([\d,]+) done")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
# Called with a task, and how many of how many requests are done.
Progress = Callable[[Task, int, int], None]


@dataclass(frozen=True)
class Ended:
    """`code`: the exit code of the task's command. `words`: the last line of its log, which says why it failed."""

    task: Task
    code: int
    words: str = ""

    @property
    def failed(self) -> bool:
        return self.code not in (0, INTERRUPTED)


@dataclass
class _Running:
    task: Task
    process: subprocess.Popen[bytes]
    log: Path | None


class Runner:
    """`folder`: of the campaign. `most`: tasks at a time. `debug`: they print on the terminal, one after the other."""

    def __init__(self, folder: Path, *, most: int | None, debug: bool) -> None:
        self._folder = folder
        self._debug = debug
        self._most = 1 if debug else most
        self._interrupted = False

    @property
    def interrupted(self) -> bool:
        return self._interrupted

    def run(self, tasks: Sequence[Task], progress: Progress, ended: Callable[[Ended], None]) -> list[Ended]:
        """Runs all of them, whatever becomes of each. An interrupt ends those that run, with what they have."""
        waiting, running = list(tasks), list[_Running]()
        found: list[Ended] = []
        try:
            while waiting or running:
                try:
                    for task in self._next(waiting, running):
                        waiting.remove(task)
                        running.append(self._start(task))
                    time.sleep(_LOOK_EVERY_S)
                except KeyboardInterrupt:
                    self._interrupted = True
                    waiting.clear()
                    for one in running:
                        one.process.send_signal(signal.SIGINT)
                for one in list(running):
                    if one.process.poll() is None:
                        self._follow(one, progress)
                        continue
                    running.remove(one)
                    words = "" if one.log is None else last_words(one.log.read_bytes()[-_TAIL_BYTES:])
                    found.append(Ended(one.task, one.process.returncode, words))
                    ended(found[-1])
        finally:
            for one in running:
                one.process.kill()
                one.process.wait()
        return found

    def _next(self, waiting: Sequence[Task], running: Sequence[_Running]) -> Iterator[Task]:
        """What may start now: no server is asked by two tasks at a time, which would measure each other."""
        busy = {one.task.model.endpoint for one in running}
        free = len(waiting) if self._most is None else self._most - len(running)
        for task in waiting:
            if free <= 0:
                return
            if task.model.endpoint not in busy:
                busy.add(task.model.endpoint)
                free -= 1
                yield task

    def _start(self, task: Task) -> _Running:
        if self._debug:
            return _Running(task, _process(task, None), None)
        path = task.log(self._folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as log:
            log.write(f"$ {task.shown}\n".encode())
            log.flush()
            return _Running(task, _process(task, log), path)

    def _follow(self, one: _Running, progress: Progress) -> None:
        if one.log is None:
            return
        with one.log.open("rb") as log:
            log.seek(max(0, one.log.stat().st_size - _TAIL_BYTES))
            if shown := _PROGRESS.findall(log.read()):
                of, done = (int(number.replace(b",", b"")) for number in shown[-1])
                progress(one.task, done, of)


def _ends_with_parent() -> None:
    """Asks the kernel to interrupt this process when its parent is gone, so that no load goes on alone."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _process(task: Task, log: BinaryIO | None) -> subprocess.Popen[bytes]:
    """Runs the task's command; what it says goes to `log`, or to the terminal."""
    return subprocess.Popen(
        child_command("aisbench", *task.command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        # Ctrl-C at the terminal reaches the parent alone, which passes it on once.
        start_new_session=True,
        preexec_fn=_ends_with_parent,
    )
