"""ARC: grade-school science questions, a hard set (Challenge) and an easy one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aisbench.accuracy.files import list_of, numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.task import Task
from aisbench.accuracy.tasks.choices.choice import Choice, choice_task, right_of
from aisbench.errors import BadInput


def _arc(path: Path) -> list[Choice]:
    found = []
    for place, row in numbered(path, "question", "answerKey"):
        question: Any = row["question"]
        choices: Any = row.get("choices")
        # In AI2's files the choices are a list in the question; on Hugging Face they are columns of texts and labels.
        if isinstance(question, dict):
            question, choices = question.get("stem"), question.get("choices")
        if isinstance(choices, list) and all(isinstance(one, dict) for one in choices):
            choices = {name: [one.get(name) for one in choices] for name in ("text", "label")}
        if not question or not isinstance(choices, dict) or not choices.get("text"):
            raise BadInput(f"{place} has no question with choices; it has {', '.join(row)}")
        texts, labels = list_of(place, choices, "text"), list_of(place, choices, "label")
        found.append(Choice(question, texts, right_of(row["answerKey"], labels, place)))
    return found


def _task(name: str, short: str, long: str, about: str) -> Task:
    return choice_task(
        name,
        about,
        (
            f'ARC/{short}/{long}-Test.jsonl: {{"question": {{"stem", "choices": [{{"text", "label"}}]}}, "answerKey"}}; '
            f"examples in {long}-Dev.jsonl",
            f"Hugging Face's allenai/ai2_arc, {long}/test-*.parquet: question, choices, answerKey; "
            "examples in validation-*.parquet",
        ),
        Layout(
            (short, long),
            (f"{long}-Test.jsonl", *hub("test"), *hub("test", long)),
            (f"{long}-Dev.jsonl", *hub("validation"), *hub("validation", long)),
        ),
        _arc,
    )


TASKS = (
    _task(
        "arc_c",
        "ARC-c",
        "ARC-Challenge",
        "grade-school science questions, the hard ones; mostly four choices",
    ),
    _task(
        "arc_e",
        "ARC-e",
        "ARC-Easy",
        "grade-school science questions, the easy ones; mostly four choices",
    ),
)
