"""A task: how a data set's files become questions, and how answers to them are scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aisbench.accuracy.question import Answer, Question, Scored


@dataclass(frozen=True)
class Source:
    """Where a task reads from: `path` is a file or a folder. `shots`: how many solved examples stand before each question;
    None: as many as the task has by default."""

    path: Path
    shots: int | None = None


@dataclass(frozen=True)
class Task:
    """`about`: one line on what it tests. `files`: the layouts that it can be read from, as lines for people, such as
    `gsm8k/test.jsonl: {"question", "answer"}`. `read` raises BadInput, naming file and line, for what it cannot use.
    `max_tokens`: the length limit of an answer where the user gives none. `stop`: texts that end an answer of an API
    without roles. `metric`: the name of the mean of `Scored.score`. `runs_code`: scoring executes what the model wrote.
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
