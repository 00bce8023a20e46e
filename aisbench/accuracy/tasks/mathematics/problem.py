"""Builds tasks of problems whose answer is a number or a formula."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aisbench.accuracy.answers import kinds
from aisbench.accuracy.layout import Layout
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.task import Task
from aisbench.accuracy.tasks.items import Instruction, Item, reader

_PROBLEM = "Problem: "
# The rules of answers find the forms that these ask for.
_BOXED = Instruction(
    alone="Solve this problem step by step. End with a line that has only the final answer, within \\boxed{}.",
    shown="Solve these problems as the examples do. End with a line that has only the final answer, within \\boxed{}.",
)
HASHES = Instruction(
    alone="Solve this problem step by step. End with a line that says only: #### and the number.",
    shown="Solve these problems as the examples do. End with a line that says only: #### and the number.",
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*")
_CALCULATION = re.compile(r"<<[^<>]*>>")


def problem(text: str, gold: str, solution: str, subset: str = "") -> Item:
    """An item of a problem. `solution`: worked, ending with the answer in the form that the instruction asks for."""
    return Item(f"{_PROBLEM}{str(text).strip()}", gold, _CALCULATION.sub("", solution).strip(), subset)


def problem_task(
    name: str,
    about: str,
    files: tuple[str, ...],
    layout: Layout,
    problems_in: Callable[[Path], list[Item]],
    *,
    kind: str,
    instruction: Instruction = _BOXED,
    max_tokens: int = 2048,
) -> Task:
    """Returns a task of problems. `problems_in` reads one file of `layout`; the rules of `kind` score the answers."""

    def score(question: Question, answer: Answer) -> Scored:
        return kinds.score(kind, answer, question.gold)

    return Task(
        name,
        about,
        files,
        reader(replace(layout, files=files), instruction, problems_in),
        score,
        max_tokens=max_tokens,
        stop=(f"\n\n{_PROBLEM.strip()}",),
    )


def last_boxed(text: str) -> str | None:
    """The content of a solution's last `\\boxed{...}`; None if there is none, or if its brace is not closed."""
    *_, last = [None, *_BOX.finditer(text)]
    if last is None:
        return None
    rest = text[last.end() :]
    if not rest.startswith("{"):
        # Without braces, as in `\boxed 7`, the box has one character.
        return rest[:1] or None
    depth = 0
    for place, letter in enumerate(rest):
        if letter in "{}" and rest[place - 1 : place] != "\\":
            depth += 1 if letter == "{" else -1
            if depth == 0:
                return rest[1:place].strip()
    return None
