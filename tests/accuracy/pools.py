"""The questions of tests/data/accuracy, which are written out in the layouts of the data sets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "accuracy"


@dataclass(frozen=True)
class Asked:
    """`right`: the index of the right one of `choices`. `subset`: the subject."""

    stem: str
    choices: tuple[str, ...]
    right: int
    subset: str = ""
    passage: str = ""

    @property
    def letter(self) -> str:
        return "ABCD"[self.right]


def pool(name: str) -> list[Any]:
    rows: list[Any] = json.loads((DATA / f"{name}.json").read_text())
    return rows


def _rotated(number: int, right: str, others: list[str]) -> tuple[tuple[str, ...], int]:
    """The right choice stands at another place in each question."""
    place = number % (len(others) + 1)
    return (*others[:place], right, *others[place:]), place


def facts(name: str = "facts") -> list[Asked]:
    return [
        Asked(stem, *_rotated(number, right, others), subject)
        for number, (subject, stem, right, *others) in enumerate(pool(name))
    ]


def endings() -> list[tuple[str, Asked]]:
    """With what each is about."""
    return [
        (activity, Asked(beginning, *_rotated(number, choices[0], choices[1:])))
        for number, (activity, beginning, choices) in enumerate(pool("endings"))
    ]


def gaps() -> list[Asked]:
    return [Asked(sentence, (one, two), right - 1) for sentence, one, two, right in pool("gaps")]


def ways() -> list[Asked]:
    return [Asked(goal, (one, two), right) for goal, one, two, right in pool("ways")]


def people() -> list[tuple[str, Asked]]:
    """With the context of each."""
    return [
        (context, Asked(question, (one, two, three), right - 1))
        for context, question, one, two, three, right in pool("people")
    ]


def yes_no() -> list[Asked]:
    return [
        Asked(question, ("Yes", "No"), 0 if said else 1, passage=passage)
        for passage, question, said in pool("yes_no")
    ]


def passages() -> list[Asked]:
    return [
        Asked(question, tuple(options), "ABCD".index(answer), school, passage)
        for school, passage, questions in pool("passages")
        for question, options, answer in questions
    ]
