"""C-Eval and CMMLU: exam questions in Chinese."""

from __future__ import annotations

from pathlib import Path

from aisbench.accuracy.files import numbered
from aisbench.accuracy.layout import Layout
from aisbench.accuracy.tasks.choices.choice import CHINESE, Choice, choice_task, right_of
from aisbench.errors import BadInput


def _subject(path: Path) -> str:
    """The subject: on Hugging Face a folder, elsewhere the file's name before the split."""
    if path.suffix == ".parquet":
        # subject/val-00000-of-00001.parquet or subject/val/0000.parquet
        return path.parent.parent.name if path.stem.isdecimal() else path.parent.name
    return path.stem.removesuffix("_val").removesuffix("_dev").removesuffix("_test")


def _ceval(path: Path) -> list[Choice]:
    found = []
    for place, row in numbered(path, "question", *"ABCD"):
        if not row.get("answer"):
            raise BadInput(
                f"{place} has no answer: the answers of C-Eval's test split are not published; use its val split"
            )
        right = right_of(row["answer"], "ABCD", place)
        reasons = str(row.get("explanation") or "")
        found.append(Choice(row["question"], [row[one] for one in "ABCD"], right, _subject(path), reasons))
    return found


def _cmmlu(path: Path) -> list[Choice]:
    return [
        Choice(
            row["Question"],
            [row[one] for one in "ABCD"],
            right_of(row["Answer"], "ABCD", place),
            _subject(path),
        )
        for place, row in numbered(path, "Question", *"ABCD", "Answer")
    ]


TASKS = (
    choice_task(
        "ceval",
        "exam questions in Chinese on 52 subjects, four choices",
        (
            "ceval/formal_ceval/val/*_val.csv: id, question, A, B, C, D, answer; examples in dev/*_dev.csv",
            "Hugging Face's ceval/ceval-exam, SUBJECT/val-*.parquet: the same; examples in SUBJECT/dev-*.parquet",
        ),
        Layout(
            ("ceval", "ceval-exam"),
            # The test split is last, only so that an error message explains why it cannot be used.
            ("val/*_val.csv", "*_val.csv", "*/val-*.parquet", "*/val/*.parquet", "*_test.csv"),
            ("dev/*_dev.csv", "*_dev.csv", "*/dev-*.parquet", "*/dev/*.parquet"),
        ),
        _ceval,
        language=CHINESE,
    ),
    choice_task(
        "cmmlu",
        "exam questions in Chinese on 67 subjects, many of them about China; four choices",
        (
            "cmmlu/test/*.csv: Question, A, B, C, D, Answer; examples in cmmlu/dev/*.csv",
            "Hugging Face's lmlmcat/cmmlu, SUBJECT/test-*.parquet: the same; examples in SUBJECT/dev-*.parquet",
        ),
        Layout(
            ("cmmlu",),
            ("test/*.csv", "*/test-*.parquet", "*/test/*.parquet"),
            ("dev/*.csv", "*/dev-*.parquet", "*/dev/*.parquet"),
        ),
        _cmmlu,
        language=CHINESE,
    ),
)
