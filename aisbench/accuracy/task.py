"""A task: reads a data set's files as questions, and scores the answers to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aisbench.accuracy.question import Answer, Question, Scored


@dataclass(frozen=True)
class Source:
    """The file or folder that a task reads.

    `shots`: the number of solved examples before each question; None: the task's default.
    """

    path: Path
    shots: int | None = None


@dataclass(frozen=True)
class Task:
    """A task, which `read` turns into questions, and whose answers `score` scores.

    `about`: one line on what it tests. `files`: the file layouts that it reads, as text such as
    `gsm8k/test.jsonl: {"question", "answer"}`. `read` raises BadInput, naming file and row, for unusable data.
    `max_tokens`: the default length limit of an answer. `stop`: stop strings for APIs without roles. `metric`: the name
    of the mean of `Scored.score`. `runs_code`: scoring executes code that the model wrote.
    """

    name: str
    about: str
    files: tuple[str, ...]
    read: Callable[[Source], list[Question]]
    score: Callable[[Question, Answer], Scored]
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    metric: str = "accuracy"
    runs_code: bool = False
