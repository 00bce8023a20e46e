"""GPQA: questions in biology, physics and chemistry that experts in other fields cannot answer."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from aisbench.accuracy.files import numbered
from aisbench.accuracy.layout import Layout
from aisbench.accuracy.tasks.choices.choice import Choice, choice_task

_RIGHT = "Correct Answer"
_WRONG = tuple(f"Incorrect Answer {number}" for number in (1, 2, 3))


def _gpqa(path: Path) -> list[Choice]:
    found = []
    for _, row in numbered(path, "Question", _RIGHT, *_WRONG):
        stem = str(row["Question"]).strip()
        # The right choice comes first in the file. Sorting by a hash of the texts gives every run the same order.
        choices = sorted(
            (str(row[column]).strip() for column in (_RIGHT, *_WRONG)),
            key=lambda text: sha256(f"{stem}\n{text}".encode()).digest(),
        )
        right = choices.index(str(row[_RIGHT]).strip())
        found.append(Choice(stem, choices, right, str(row.get("High-level domain") or "")))
    return found


TASKS = (
    choice_task(
        "gpqa",
        "questions in biology, physics and chemistry for experts (the diamond set), four choices",
        (
            "gpqa/gpqa_diamond.csv, also in Hugging Face's Idavidrein/gpqa: Question, Correct Answer, Incorrect Answer 1 to 3; "
            "gpqa_main.csv and gpqa_extended.csv are read if --dataset-path names the file",
        ),
        Layout(("gpqa",), ("gpqa_diamond.csv",)),
        _gpqa,
        kind="gpqa",
        max_tokens=4096,
    ),
)
