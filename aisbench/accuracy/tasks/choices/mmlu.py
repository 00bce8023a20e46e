"""MMLU and MMLU-Pro: exam questions of many subjects."""

from __future__ import annotations

from pathlib import Path

from aisbench.accuracy.files import numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.tasks.choices.choice import LETTERS, Choice, choice_task, right_of
from aisbench.errors import BadInput

_COLUMNS = ("question", "A", "B", "C", "D", "answer")


def _mmlu(path: Path) -> list[Choice]:
    if path.suffix == ".csv":
        subject = path.stem.removesuffix("_test").removesuffix("_dev")
        return [
            Choice(
                row["question"],
                [row[letter] for letter in "ABCD"],
                right_of(row["answer"], "ABCD", place),
                subject,
            )
            for place, row in numbered(path, *_COLUMNS, header=_COLUMNS)
        ]
    return [
        Choice(row["question"], row["choices"], _right(row["answer"], place), row["subject"])
        for place, row in numbered(path, "question", "subject", "choices", "answer")
    ]


def _right(answer: int | str, place: str) -> int:
    """The hub's answers are numbers from 0; others keep the letter."""
    labels = range(4) if str(answer).lstrip("-").isdecimal() else "ABCD"
    return right_of(answer, labels, place)


def _pro(path: Path) -> list[Choice]:
    return [
        _pro_choice(
            place,
            row["question"],
            row["options"],
            row["answer"],
            row["category"],
            row.get("cot_content") or "",
        )
        for place, row in numbered(path, "question", "options", "answer", "category")
    ]


def _pro_choice(
    place: str, question: str, options: list[str], answer: str, category: str, reasons: str
) -> Choice:
    if not 2 <= len(options) <= len(LETTERS):
        raise BadInput(f"{place} has {len(options)} options; it should have from 2 to {len(LETTERS)}")
    right = right_of(answer, LETTERS[: len(options)], place)
    # Questions with fewer than ten choices were filled up in some versions.
    kept = [index for index, text in enumerate(options) if text != "N/A" or index == right]
    return Choice(
        question,
        [options[index] for index in kept],
        kept.index(right),
        category,
        reasons.removeprefix("A: ").partition("The answer is")[0],
    )


TASKS = (
    choice_task(
        "mmlu",
        "exam questions of 57 subjects, four choices",
        (
            "mmlu/test/*_test.csv without a header: question, A, B, C, D, answer; examples in mmlu/dev/*_dev.csv",
            "Hugging Face's cais/mmlu, all/test-*.parquet: question, subject, choices, answer (0 to 3); examples in all/dev-*.parquet",
        ),
        Layout(
            ("mmlu",),
            ("test/*_test.csv", *hub("test", "all"), "*_test.csv", *hub("test"), "*/test-*.parquet"),
            ("dev/*_dev.csv", *hub("dev", "all"), "*_dev.csv", *hub("dev"), "*/dev-*.parquet"),
        ),
        _mmlu,
    ),
    choice_task(
        "mmlu_pro",
        "harder exam questions of 14 fields, up to ten choices",
        (
            "mmlu_pro/test-*.parquet: question, options, answer (a letter), category; examples in validation-*.parquet",
            "Hugging Face's TIGER-Lab/MMLU-Pro, data/test-*.parquet: the same",
        ),
        Layout(("mmlu_pro",), hub("test"), hub("validation")),
        _pro,
        max_tokens=2048,
    ),
)
