"""MMLU and MMLU-Pro: exam questions on many subjects."""

from __future__ import annotations

from pathlib import Path

from aisbench.accuracy.files import Row, list_of, numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.tasks.choices.choice import LETTERS, Choice, choice_task, right_of

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
    found = []
    for place, row in numbered(path, "question", "subject", "choices", "answer"):
        choices, answer = list_of(place, row, "choices"), row["answer"]
        # On Hugging Face an answer is a number from 0, elsewhere a letter.
        numbers = str(answer).lstrip("-").isdecimal()
        labels = [str(number) for number in range(len(choices))] if numbers else LETTERS[: len(choices)]
        found.append(Choice(row["question"], choices, right_of(answer, labels, place), row["subject"]))
    return found


def _pro(path: Path) -> list[Choice]:
    return [
        _pro_choice(place, row) for place, row in numbered(path, "question", "options", "answer", "category")
    ]


def _pro_choice(place: str, row: Row) -> Choice:
    options = list_of(place, row, "options")
    right = right_of(row["answer"], LETTERS[: len(options)], place)
    # Some versions fill up questions with fewer than ten choices.
    kept = [index for index, text in enumerate(options) if text != "N/A" or index == right]
    reasons = str(row.get("cot_content") or "")
    return Choice(
        row["question"],
        [options[index] for index in kept],
        kept.index(right),
        row["category"],
        reasons.removeprefix("A: ").partition("The answer is")[0],
    )


TASKS = (
    choice_task(
        "mmlu",
        "exam questions on 57 subjects, four choices",
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
        "harder exam questions in 14 fields, up to ten choices",
        (
            "mmlu_pro/test-*.parquet: question, options, answer (a letter), category; examples in validation-*.parquet",
            "Hugging Face's TIGER-Lab/MMLU-Pro, data/test-*.parquet: the same",
        ),
        Layout(("mmlu_pro",), hub("test"), hub("validation")),
        _pro,
        max_tokens=2048,
    ),
)
