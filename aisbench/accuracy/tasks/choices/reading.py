"""BoolQ and RACE: questions on a passage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aisbench.accuracy.files import first_of, list_of, numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.tasks.choices.choice import LETTERS, Choice, choice_task, right_of
from aisbench.errors import BadInput

_SAID = {"true": 0, "1": 0, "false": 1, "0": 1}


def _boolq(path: Path) -> list[Choice]:
    found = []
    for place, row in numbered(path, "question", "passage"):
        said = str(row.get("label", row.get("answer"))).lower()
        if said in ("-1", "none"):
            raise BadInput(
                f"{place} has no answer: the answers of the test split are not published; use val.jsonl"
            )
        if said not in _SAID:
            raise BadInput(f"{place}: the answer should be true or false, got {said!r}")
        question = str(row["question"]).strip().rstrip("?")
        stem = f"{str(row['passage']).strip()}\n\n{question[:1].upper()}{question[1:]}?"
        found.append(Choice(stem, ["Yes", "No"], _SAID[said]))
    return found


def _race(path: Path) -> list[Choice]:
    found = []
    for place, row in numbered(path, "article"):
        for question, options, answer in _asked(place, row):
            right = right_of(answer, LETTERS[: len(options)], place)
            found.append(
                Choice(f"{str(row['article']).strip()}\n\n{question}", options, right, _school(path))
            )
    return found


def _asked(place: str, row: dict[str, Any]) -> Iterator[tuple[str, list[str], str]]:
    """The questions of a row. RACE's own files have all questions on an article in one row, others one per row."""
    if "questions" in row:
        columns = [first_of(place, row, name) for name in ("questions", "options", "answers")]
        as_lists = all(isinstance(column, list) for column in columns)
        if not as_lists or len({len(column) for column in columns}) > 1:
            raise BadInput(f"{place} should have as many options and answers as questions")
        for question, options, answer in zip(*columns, strict=True):
            yield question, list_of(place, {"options": options}, "options"), answer
    else:
        yield (
            first_of(place, row, "question"),
            list_of(place, row, "options"),
            first_of(place, row, "answer"),
        )


def _school(path: Path) -> str:
    """`high` or `middle`, from the name of the file or of a folder above it; otherwise empty."""
    return next((part for part in (path.stem, *reversed(path.parts)) if part in ("high", "middle")), "")


TASKS = (
    choice_task(
        "boolq",
        "yes-or-no questions on a passage",
        (
            'SuperGLUE/BoolQ/val.jsonl: {"question", "passage", "label": true or false}; examples in train.jsonl',
            "Hugging Face's google/boolq, data/validation-*.parquet: question, passage, answer; examples in train-*.parquet",
        ),
        Layout(("boolq",), ("val.jsonl", "dev.jsonl", *hub("validation")), ("train.jsonl", *hub("train"))),
        _boolq,
    ),
    choice_task(
        "race",
        "questions on a passage from English exams of middle and high schools in China, four choices",
        (
            "race/test/high.jsonl and middle.jsonl: article, question, options, answer (a letter); examples in "
            "race/validation",
            "Hugging Face's ehovy/race, high/test-*.parquet and middle/test-*.parquet: the same; examples in "
            "validation-*.parquet",
            "RACE's own race/test/high/*.txt and middle/*.txt: article, questions, options, answers; examples in race/dev",
        ),
        Layout(
            ("race",),
            ("test/*.jsonl", "[hm]i*/test-*.parquet", "[hm]i*/test/*.parquet", "test/[hm]i*/*.txt"),
            (
                "validation/*.jsonl",
                "[hm]i*/validation-*.parquet",
                "[hm]i*/validation/*.parquet",
                "dev/[hm]i*/*.txt",
            ),
        ),
        _race,
    ),
)
