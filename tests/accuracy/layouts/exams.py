"""The layouts of sets of exam questions: MMLU, C-Eval, GPQA, ARC and their like; and of own files."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from tests.accuracy.layouts.files import SHARD, put_csv, put_jsonl, put_parquet
from tests.accuracy.pools import Asked, facts, pool


def by_subset(rows: Iterable[Asked]) -> list[tuple[str, list[Asked]]]:
    return [
        (name, list(group))
        for name, group in groupby(sorted(rows, key=lambda row: row.subset), key=lambda row: row.subset)
    ]


def mmlu_csv(root: Path) -> None:
    for subject, rows in by_subset(facts()):
        for split in ("test", "dev"):
            lines = [(row.stem, *row.choices, row.letter) for row in rows]
            put_csv(root / "mmlu" / split / f"{subject}_{split}.csv", (), lines)


def mmlu_hub(root: Path) -> None:
    rows = [
        {"question": row.stem, "subject": row.subset, "choices": list(row.choices), "answer": row.right}
        for row in facts()
    ]
    for split in ("test", "dev"):
        put_parquet(root / "mmlu" / "all" / f"{split}-{SHARD}", rows)
    # The same again by subject: it must not be read twice.
    put_parquet(root / "mmlu" / "astronomy" / f"test-{SHARD}", rows[:6])


def mmlu_pro(root: Path, folder: str = "mmlu_pro") -> None:
    rows = [
        {
            "question": row.stem,
            "options": list(row.choices),
            "answer": row.letter,
            "answer_index": row.right,
            "cot_content": "A: Let us think. The answer is (A).",
            "category": row.subset,
        }
        for row in facts()
    ]
    for split in ("test", "validation"):
        put_parquet(root / folder / f"{split}-{SHARD}", rows)


def ceval_csv(root: Path) -> None:
    for subject, rows in by_subset(facts("facts_zh")):
        lines = [(number, row.stem, *row.choices, row.letter) for number, row in enumerate(rows)]
        home = root / "ceval" / "formal_ceval"
        header = ("id", "question", *"ABCD", "answer")
        put_csv(home / "val" / f"{subject}_val.csv", header, lines)
        put_csv(
            home / "dev" / f"{subject}_dev.csv",
            (*header, "explanation"),
            [(*line, "见书。") for line in lines],
        )
        put_csv(home / "test" / f"{subject}_test.csv", header[:-1], [line[:-1] for line in lines])


def ceval_hub(root: Path) -> None:
    for subject, rows in by_subset(facts("facts_zh")):
        lines = [
            {
                "id": 0,
                "question": row.stem,
                **dict(zip("ABCD", row.choices, strict=True)),
                "answer": row.letter,
                "explanation": "",
            }
            for row in rows
        ]
        for split in ("val", "dev"):
            put_parquet(root / "ceval-exam" / subject / f"{split}-{SHARD}", lines)


def cmmlu_csv(root: Path) -> None:
    for subject, rows in by_subset(facts("facts_zh")):
        lines = [(number, row.stem, *row.choices, row.letter) for number, row in enumerate(rows)]
        for split in ("test", "dev"):
            put_csv(root / "cmmlu" / split / f"{subject}.csv", ("", "Question", *"ABCD", "Answer"), lines)


def cmmlu_hub(root: Path) -> None:
    for subject, rows in by_subset(facts("facts_zh")):
        lines = [
            {"Question": row.stem, **dict(zip("ABCD", row.choices, strict=True)), "Answer": row.letter}
            for row in rows
        ]
        for split in ("test", "dev"):
            put_parquet(root / "cmmlu" / subject / f"{split}-{SHARD}", lines)


def gpqa_csv(root: Path) -> None:
    header = (
        "Record ID",
        "Question",
        "Correct Answer",
        *(f"Incorrect Answer {n}" for n in (1, 2, 3)),
        "High-level domain",
    )
    lines = [
        (f"rec{number}", stem, right, *wrong, subject)
        for number, (subject, stem, right, *wrong) in enumerate(pool("facts"))
    ]
    put_csv(root / "gpqa" / "gpqa_diamond.csv", header, lines)


def arc_jsonl(root: Path, short: str = "ARC-c", long: str = "ARC-Challenge") -> None:
    rows = [
        {
            "id": f"Q{number}",
            "question": {
                "stem": row.stem,
                "choices": [
                    {"text": text, "label": label}
                    for label, text in zip(_labels(number), row.choices, strict=True)
                ],
            },
            "answerKey": _labels(number)[row.right],
        }
        for number, row in enumerate(facts())
    ]
    for split in ("Test", "Dev"):
        put_jsonl(root / "ARC" / short / f"{long}-{split}.jsonl", rows)


def arc_hub(root: Path, long: str = "ARC-Challenge") -> None:
    rows = [
        {
            "id": f"Q{number}",
            "question": row.stem,
            "choices": {"text": list(row.choices), "label": list(_labels(number))},
            "answerKey": _labels(number)[row.right],
        }
        for number, row in enumerate(facts())
    ]
    for split in ("test", "validation"):
        put_parquet(root / "ai2_arc" / long / f"{split}-{SHARD}", rows)


def _labels(number: int) -> str:
    """Some of ARC's questions have numbers."""
    return "1234" if number % 5 == 4 else "ABCD"


def arc_e_jsonl(root: Path) -> None:
    arc_jsonl(root, "ARC-e", "ARC-Easy")


def arc_e_hub(root: Path) -> None:
    arc_hub(root, "ARC-Easy")


def mcq_jsonl(root: Path) -> None:
    rows = [
        {"question": row.stem, **dict(zip("ABCD", row.choices, strict=True)), "answer": row.letter}
        for row in facts()
    ]
    put_jsonl(root / "mcq.jsonl", rows)


def mcq_csv(root: Path) -> None:
    lines = [(row.stem, *row.choices, row.letter) for row in facts()]
    put_csv(root / "mcq.csv", ("question", *"ABCD", "answer"), lines)


def qa_jsonl(root: Path) -> None:
    put_jsonl(root / "qa.jsonl", [{"question": row[1], "answer": row[2]} for row in pool("facts")])


def qa_csv(root: Path) -> None:
    put_csv(root / "qa.csv", ("question", "answer"), [(row[1], row[2]) for row in pool("facts")])
