"""The layouts of sets of mathematical problems."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.accuracy.layouts.files import SHARD, made, put_jsonl, put_parquet
from tests.accuracy.pools import pool


def _gsm8k_rows() -> list[dict[str, Any]]:
    return [
        {"question": text, "answer": f"{solution}\n#### {gold}"} for _, text, solution, gold in pool("sums")
    ]


def gsm8k_jsonl(root: Path) -> None:
    for split in ("test", "train"):
        put_jsonl(root / "gsm8k" / f"{split}.jsonl", _gsm8k_rows())


def gsm8k_hub(root: Path) -> None:
    for config in ("main", "socratic"):
        for split in ("test", "train"):
            put_parquet(root / "gsm8k" / config / f"{split}-{SHARD}", _gsm8k_rows())


def mgsm_tsv(root: Path) -> None:
    for language, rows in groupby(pool("sums"), key=lambda row: row[0]):
        lines = "".join(f"{text}\t{gold}\n" for _, text, _, gold in rows)
        made(root / "mgsm" / f"mgsm_{language}.tsv").write_text(lines)


def mgsm_hub(root: Path) -> None:
    for language, group in groupby(pool("sums"), key=lambda row: row[0]):
        rows = [
            {"question": text, "answer": solution or None, "answer_number": float(gold.replace(",", ""))}
            for _, text, solution, gold in group
        ]
        for split in ("test", "train"):
            put_parquet(root / "mgsm" / language / f"{split}-{SHARD}", rows)


def _math_rows() -> list[dict[str, Any]]:
    return [
        {"problem": text, "level": "Level 1", "type": field, "solution": solution}
        for field, text, solution, _ in pool("contest")
    ]


def math_json(root: Path) -> None:
    rows = {str(number): row for number, row in enumerate(_math_rows())}
    made(root / "math" / "math.json").write_text(json.dumps(rows, indent=1))
    put_jsonl(root / "math" / "train.jsonl", _math_rows())


def math_jsonl(root: Path) -> None:
    for split in ("test", "train"):
        put_jsonl(root / "math" / f"{split}.jsonl", _math_rows())


def math_hub(root: Path) -> None:
    for number, row in enumerate(_math_rows()):
        for split in ("test", "train"):
            folder = root / "hendrycks_math" / row["type"].lower().replace(" ", "_")
            # One part each: as many as there are problems of the field.
            same = [one for one in _math_rows() if one["type"] == row["type"]]
            put_parquet(
                folder / f"{split}-{same.index(row):05}-of-{len(same):05}.parquet", [_math_rows()[number]]
            )


def math_own(root: Path) -> None:
    for number, row in enumerate(_math_rows()):
        for split in ("test", "train"):
            path = root / "MATH" / split / row["type"].lower() / f"{number}.json"
            made(path).write_text(json.dumps(row, indent=4))


def math500_jsonl(root: Path) -> None:
    put_jsonl(root / "math" / "test_prm800k_500.jsonl", _math_rows())


def math500_json(root: Path) -> None:
    made(root / "math" / "test_prm800k_500.json").write_text(json.dumps(dict(enumerate(_math_rows()))))


def math500_hub(root: Path) -> None:
    rows = [
        {"problem": text, "solution": solution, "answer": gold, "subject": field}
        for field, text, solution, gold in pool("contest")
    ]
    put_jsonl(root / "MATH-500" / "test.jsonl", rows)


def aime_writer(
    file: str, question: str, answer: str, kind: Callable[[str], Any] = str
) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        rows = [
            {question: text, answer: kind(gold)} for _, text, _, gold in pool("contest") if gold.isdecimal()
        ]
        (put_parquet if file.endswith(".parquet") else put_jsonl)(root / file, rows)

    return write
