"""Rows of a data set's files: JSON lines, JSON, CSV, TSV and Parquet, in the encodings that people have."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput

Row = dict[str, Any]
# A byte order mark tells the encoding; spreadsheets write UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def rows(path: Path, *columns: str) -> list[Row]:
    """The rows of a file, by its ending. `columns`: those that each row must have.

    Raises BadInput for a file that cannot be read, is empty, was downloaded by half, or lacks a column.
    """
    found = list(_read(path))
    if not found:
        raise BadInput(f"{path} is empty; it should have rows with {', '.join(columns) or 'questions'}")
    for number, row in enumerate(found, 1):
        missing = [name for name in columns if row.get(name) is None]
        if missing:
            raise BadInput(
                f"{path}: row {number} has no {', '.join(map(repr, missing))}; it has {', '.join(map(str, row)) or 'nothing'}"
            )
    return found


def _read(path: Path) -> Iterator[Row]:
    ending = path.suffix.lower()
    if ending == ".parquet":
        yield from _parquet(path)
    elif ending in (".csv", ".tsv"):
        yield from csv.DictReader(
            StringIO(text_of(path), newline=""), delimiter="\t" if ending == ".tsv" else ","
        )
    else:
        yield from _json(path, text_of(path))


def text_of(path: Path) -> str:
    """The whole file. Raises BadInput where it cannot be read or decoded."""
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}") from None
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as problem:
        raise BadInput(f"{path} is not UTF-8 (byte {problem.start}); save it as UTF-8") from None


def _json(path: Path, text: str) -> Iterator[Row]:
    """JSON lines, or one JSON list."""
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except ValueError as problem:
            raise BadInput(f"{path} is broken JSON: {problem}; was it downloaded completely?") from None
        yield from (_object(path, number, row) for number, row in enumerate(found, 1))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as problem:
                raise BadInput(
                    f"{path}: line {number} is broken JSON: {problem}; was it downloaded completely?"
                ) from None
            yield _object(path, number, row)


def _object(path: Path, number: int, row: Any) -> Row:
    if not isinstance(row, dict):
        raise BadInput(f"{path}: row {number} is {type(row).__name__}, not an object")
    return row


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise BadInput(f"{path} is Parquet, which needs pyarrow: pip install pyarrow") from None
    try:
        yield from parquet.read_table(path).to_pylist()
    except (ArrowException, OSError) as problem:
        raise BadInput(
            f"{path} cannot be read as Parquet: {problem}; was it downloaded completely?"
        ) from None
