"""The layouts of sets on everyday life, and on passages that are given."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.accuracy.layouts.files import SHARD, made, put_jsonl, put_parquet
from tests.accuracy.pools import endings, gaps, passages, people, pool, ways, yes_no


def hellaswag_jsonl(root: Path) -> None:
    rows = [
        {"query": f"{activity}: {row.stem}", "choices": list(row.choices), "gold": row.right}
        for activity, row in endings()
    ]
    for name in ("hellaswag", "hellaswag_train_sampled25"):
        put_jsonl(root / "hellaswag" / f"{name}.jsonl", rows)


def _hellaswag_rows() -> list[dict[str, Any]]:
    return [
        {"activity_label": activity, "ctx": row.stem, "endings": list(row.choices), "label": str(row.right)}
        for activity, row in endings()
    ]


def hellaswag_hub(root: Path) -> None:
    for split in ("validation", "train"):
        put_parquet(root / "hellaswag" / "data" / f"{split}-{SHARD}", _hellaswag_rows())


def hellaswag_own(root: Path) -> None:
    for split in ("val", "train"):
        put_jsonl(root / "hellaswag" / f"hellaswag_{split}.jsonl", _hellaswag_rows())


def _winogrande_rows() -> list[dict[str, Any]]:
    return [
        {
            "sentence": row.stem,
            "option1": row.choices[0],
            "option2": row.choices[1],
            "answer": str(row.right + 1),
        }
        for row in gaps()
    ]


def winogrande_jsonl(root: Path) -> None:
    for split in ("dev", "train_xs"):
        put_jsonl(root / "winogrande" / f"{split}.jsonl", _winogrande_rows())


def winogrande_hub(root: Path) -> None:
    for split in ("validation", "train"):
        put_parquet(root / "winogrande" / "winogrande_xl" / f"{split}-{SHARD}", _winogrande_rows())


def piqa_jsonl(root: Path) -> None:
    for split in ("dev", "train"):
        put_jsonl(root / "piqa" / f"{split}.jsonl", _piqa_rows())
        _labels_file(root / "piqa" / f"{split}-labels.lst", [row.right for row in ways()])


def _piqa_rows() -> list[dict[str, Any]]:
    return [{"goal": row.stem, "sol1": row.choices[0], "sol2": row.choices[1]} for row in ways()]


def _labels_file(path: Path, labels: Iterable[int]) -> None:
    path.write_text("".join(f"{label}\n" for label in labels))


def piqa_hub(root: Path) -> None:
    rows = [{**line, "label": row.right} for line, row in zip(_piqa_rows(), ways(), strict=True)]
    for split in ("validation", "train"):
        put_parquet(root / "piqa" / "plain_text" / f"{split}-{SHARD}", rows)


def siqa_jsonl(root: Path) -> None:
    for split in ("dev", "train"):
        put_jsonl(root / "siqa" / f"{split}.jsonl", _siqa_rows())
        _labels_file(root / "siqa" / f"{split}-labels.lst", [row.right + 1 for _, row in people()])


def _siqa_rows() -> list[dict[str, Any]]:
    return [
        {
            "context": context,
            "question": row.stem,
            **{f"answer{letter}": text for letter, text in zip("ABC", row.choices, strict=True)},
        }
        for context, row in people()
    ]


def siqa_hub(root: Path) -> None:
    rows = [
        {**line, "label": str(row.right + 1)} for line, (_, row) in zip(_siqa_rows(), people(), strict=True)
    ]
    for split in ("validation", "train"):
        put_parquet(root / "social_i_qa" / f"{split}-{SHARD}", rows)


def boolq_jsonl(root: Path) -> None:
    rows = [{"question": row.stem, "passage": row.passage, "label": row.right == 0} for row in yes_no()]
    for split in ("val", "train"):
        put_jsonl(root / "SuperGLUE" / "BoolQ" / f"{split}.jsonl", rows)


def boolq_hub(root: Path) -> None:
    rows = [{"question": row.stem, "passage": row.passage, "answer": row.right == 0} for row in yes_no()]
    for split in ("validation", "train"):
        put_parquet(root / "boolq" / "data" / f"{split}-{SHARD}", rows)


def _race_rows(school: str) -> list[dict[str, Any]]:
    return [
        {"article": row.passage, "question": row.stem, "options": list(row.choices), "answer": row.letter}
        for row in passages()
        if row.subset == school
    ]


def race_jsonl(root: Path) -> None:
    for split in ("test", "validation"):
        for school in ("high", "middle"):
            put_jsonl(root / "race" / split / f"{school}.jsonl", _race_rows(school))


def race_hub(root: Path) -> None:
    for split in ("test", "validation"):
        for school in ("high", "middle"):
            put_parquet(root / "race" / school / f"{split}-{SHARD}", _race_rows(school))
        put_parquet(root / "race" / "all" / f"{split}-{SHARD}", _race_rows("high") + _race_rows("middle"))


def race_own(root: Path) -> None:
    for split in ("test", "dev"):
        for number, (school, article, questions) in enumerate(pool("passages")):
            asked, options, answers = zip(*questions, strict=True)
            row = {
                "id": f"{number}.txt",
                "article": article,
                "questions": asked,
                "options": options,
                "answers": answers,
            }
            made(root / "race" / split / school / f"{number}.txt").write_text(json.dumps(row))
