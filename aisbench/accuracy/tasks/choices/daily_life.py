"""PIQA and SIQA: how things are done, and how people act."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aisbench.accuracy.files import Row, numbered, text_of
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.tasks.choices.choice import Choice, choice_task, right_of
from aisbench.errors import BadInput


def _labelled(path: Path, *columns: str) -> list[tuple[str, Row, Any]]:
    """Each row with its place and label. The label is in the row, or on the same line of `NAME-labels.lst`."""
    found = numbered(path, *columns)
    if any("label" in row for _, row in found):
        return [(place, row, row.get("label")) for place, row in found]
    beside = path.with_name(f"{path.stem}-labels.lst")
    if not beside.exists():
        raise BadInput(f"{path} has no labels, and there is no {beside.name} beside it; put it there")
    labels = text_of(beside).split()
    if len(labels) != len(found):
        raise BadInput(
            f"{beside} has {len(labels)} labels for {len(found)} rows of {path.name}; download both again"
        )
    return [(place, row, label) for (place, row), label in zip(found, labels, strict=True)]


def _piqa(path: Path) -> list[Choice]:
    return [
        Choice(
            f"Which way is better?\n{row['goal']}",
            [row["sol1"], row["sol2"]],
            right_of(label, "01", place),
        )
        for place, row, label in _labelled(path, "goal", "sol1", "sol2")
    ]


def _siqa(path: Path) -> list[Choice]:
    answers = ("answerA", "answerB", "answerC")
    return [
        Choice(
            f"{row['context']}\n{row['question']}",
            [row[name] for name in answers],
            right_of(label, "123", place),
        )
        for place, row, label in _labelled(path, "context", "question", *answers)
    ]


_QUESTIONS = ("dev.jsonl", "valid.jsonl", *hub("validation"), *hub("validation", "*"))
_EXAMPLES = ("train.jsonl", *hub("train"), *hub("train", "*"))

TASKS = (
    choice_task(
        "piqa",
        "which of two ways to do something works",
        (
            "piqa/dev.jsonl: goal, sol1, sol2, with dev-labels.lst beside it (0 or 1); examples in train.jsonl with "
            "train-labels.lst",
            "Hugging Face's ybisk/piqa, plain_text/validation-*.parquet: goal, sol1, sol2, label (0 or 1); examples in "
            "train-*.parquet",
        ),
        Layout(("piqa", "physicaliqa", "physicaliqa-train-dev"), _QUESTIONS, _EXAMPLES),
        _piqa,
    ),
    choice_task(
        "siqa",
        "why people act as they do and what follows, three choices",
        (
            "siqa/dev.jsonl: context, question, answerA, answerB, answerC, with dev-labels.lst beside it (1 to 3); "
            "examples in train.jsonl with train-labels.lst",
            "Hugging Face's allenai/social_i_qa, validation-*.parquet: the same with label; examples in train-*.parquet",
        ),
        Layout(("siqa", "social_i_qa", "socialiqa", "socialiqa-train-dev"), _QUESTIONS, _EXAMPLES),
        _siqa,
    ),
)
