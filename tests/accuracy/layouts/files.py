"""Files of the kinds that data sets come in."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

# The only part of a table.
SHARD = "00000-of-00001.parquet"


def put_jsonl(path: Path, rows: Iterable[Any]) -> None:
    made(path).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def put_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with made(path).open("w", newline="") as file:
        writer = csv.writer(file)
        if header:
            writer.writerow(header)
        writer.writerows(rows)


def put_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    parquet.write_table(pa.Table.from_pylist(rows), made(path))


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
