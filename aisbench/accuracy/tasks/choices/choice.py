"""Multiple-choice questions: builds their text, and scores the letter of an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aisbench.accuracy.answers import kinds
from aisbench.accuracy.layout import Layout
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.task import Task
from aisbench.accuracy.tasks.items import Instruction, Item, reader
from aisbench.errors import BadInput

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Language:
    """The words around a question. The rules of answers find the form that `instruction` asks for."""

    question: str
    answer: str
    instruction: Instruction


ENGLISH = Language(
    "Question: ",
    "Answer: ",
    Instruction(
        alone="Answer this multiple-choice question. Reason step by step first. End with a line that says only "
        '"Answer: X", where X is the letter of the right choice.',
        shown="Answer these multiple-choice questions as the examples do. End with a line that says only "
        '"Answer: X", where X is the letter of the right choice.',
    ),
)
CHINESE = Language(
    "题目：",
    "答案：",
    Instruction(
        alone="请回答下面的单项选择题。先一步步分析，最后一行只写“答案：X”，其中 X 是正确选项的字母。",
        shown="请仿照示例回答下面的单项选择题。最后一行只写“答案：X”，其中 X 是正确选项的字母。",
    ),
)


@dataclass(frozen=True)
class Choice:
    """A multiple-choice question.

    `stem`: the question itself. `right`: the index of the right choice. `reasons`: the reasoning that leads to it,
    which a solved example shows; may be empty.
    """

    stem: str
    choices: Sequence[str]
    right: int
    subset: str = ""
    reasons: str = ""


def right_of(answer: Any, labels: Sequence[Any], place: str) -> int:
    """The index of a row's answer in `labels`, compared as text. Raises BadInput, which begins with `place`."""
    known = [str(label) for label in labels]
    given = str(answer).strip()
    if given in ("", "None", "-1"):
        raise BadInput(f"{place} has no answer; use a split whose answers are published, such as validation")
    if given not in known:
        raise BadInput(f"{place}: the answer should be one of {', '.join(known)}, got {given!r}")
    return known.index(given)


def shown(choice: Choice, language: Language = ENGLISH, labels: Sequence[str] = LETTERS) -> Item:
    """The question as text, with a label before each choice. The gold answer is a label."""
    labels = labels[: len(choice.choices)]
    lines = [f"{letter}. {text}" for letter, text in zip(labels, choice.choices, strict=True)]
    gold = labels[choice.right]
    reasons = f"{choice.reasons.strip()}\n" if choice.reasons.strip() else ""
    return Item(
        "\n".join([f"{language.question}{str(choice.stem).strip()}", *lines]),
        gold,
        f"{reasons}{language.answer}{gold}",
        str(choice.subset),
        {"labels": "".join(labels), "choices": list(choice.choices)},
    )


def scorer(kind: str = "choice") -> Callable[[Question, Answer], Scored]:
    """Returns a function that scores the letter of an answer by the rules of `kind`, choice or gpqa."""

    def score(question: Question, answer: Answer) -> Scored:
        labels, choices = question.facts["labels"], tuple(question.facts["choices"])
        return kinds.score(kind, answer, question.gold, labels=labels, choices=choices)

    return score


def choice_task(
    name: str,
    about: str,
    files: tuple[str, ...],
    layout: Layout,
    choices_in: Callable[[Path], list[Choice]],
    *,
    language: Language = ENGLISH,
    kind: str = "choice",
    max_tokens: int = 1024,
) -> Task:
    """Returns a task of multiple-choice questions. `choices_in` reads one file of `layout`."""
    return Task(
        name,
        about,
        files,
        reader(
            replace(layout, files=files),
            language.instruction,
            lambda path: [shown(one, language) for one in choices_in(path)],
        ),
        scorer(kind),
        max_tokens=max_tokens,
        stop=(f"\n\n{language.question.strip()}",),
    )
