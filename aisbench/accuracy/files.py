"""Reads the rows of a data set's files: JSON lines, JSON, CSV, TSV and Parquet, in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from io import StringIO
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.extras import install_command

Row = dict[str, Any]
# Encodings by byte order mark; spreadsheets write UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In a tab-separated file, quotation marks are ordinary characters.
_FORMS: dict[str, dict[str, Any]] = {
    ".csv": {"delimiter": ","},
    ".tsv": {"delimiter": "\t", "quoting": csv.QUOTE_NONE},
}
_LONGEST_CELL = 1 << 30
# What a file is instead of the data, by how it begins, in small letters; and what to do.
_INSTEAD = (
    (
        b"version https://git-lfs.github.com/",
        "a Git LFS pointer, not the data",
        "run `git lfs pull` in its repository",
    ),
    (b"<!doctype html", "a web page, not the data", "download it again"),
    (b"<html", "a web page, not the data", "download it again"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it with gunzip"),
    (b"pk\x03\x04", "a zip archive", "unpack it with unzip"),
)
# The list to which `noted` adds the files that are read; None outside of it.
_NOTED: ContextVar[list[Path] | None] = ContextVar("noted", default=None)


def rows(path: Path, *columns: str, header: Sequence[str] = ()) -> list[Row]:
    """The rows of a file, whose extension determines the format.

    `columns`: the columns that each row must have. `header`: the column names of a CSV or TSV file without a header.
    Raises BadInput for a file that cannot be read, is empty or incomplete, or lacks a column.
    """
    found = list(_read(path, header))
    if not found:
        raise BadInput(f"{path} is empty; it should have rows with {', '.join(columns) or 'questions'}")
    for number, row in enumerate(found, 1):
        missing = [name for name in columns if row.get(name) is None]
        if missing:
            there = ", ".join(str(name) for name, value in row.items() if value is not None)
            raise BadInput(
                f"{path}: row {number} has no {', '.join(map(repr, missing))}; it has {there or 'nothing'}"
            )
    return found


def numbered(path: Path, *columns: str, header: Sequence[str] = ()) -> list[tuple[str, Row]]:
    """Like `rows`, each row with its place for error messages, such as `FILE: row 3`."""
    return [
        (f"{path}: row {number}", row) for number, row in enumerate(rows(path, *columns, header=header), 1)
    ]


def first_of(place: str, row: Row, *names: str) -> Any:
    """The value of the first of these columns that is not empty. Raises BadInput if all are."""
    for name in names:
        if row.get(name) not in (None, ""):
            return row[name]
    raise BadInput(
        f"{place} has no {' or '.join(map(repr, names))}; it has {', '.join(map(str, row)) or 'nothing'}"
    )


def list_of(place: str, row: Row, *names: str) -> list[str]:
    """Like `first_of`, for a list of at least two strings."""
    found = first_of(place, row, *names)
    if not isinstance(found, list) or len(found) < 2:
        shown = f"{found!r:.40}"
        raise BadInput(
            f"{place}: {' or '.join(names)} is {shown}; it should be a list of at least two strings"
        )
    return [str(one) for one in found]


def need_texts(place: str, row: Row, *names: str) -> None:
    """Raises BadInput if one of these columns is not a string."""
    for name in names:
        if not isinstance(row.get(name), str):
            raise BadInput(f"{place}: {name!r} should be a string, got {row.get(name)!r:.80}")


def is_texts(value: object) -> bool:
    """Whether a value is a list of at least one string, and of nothing else."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def text_of(path: Path) -> str:
    """The text of a file. Raises BadInput if it cannot be read or decoded."""
    raw = _bytes_of(path)
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as problem:
        raise BadInput(
            f"{path} is not {encoding.removesuffix('-sig').upper()} (byte {problem.start}); save it as UTF-8"
        ) from None
    # UTF-16 without a byte order mark, or a file with blocks that were never written.
    if (place := text.find("\0")) >= 0:
        raise BadInput(f"{path} has null characters (the first is character {place}); save it as UTF-8")
    return text


@contextmanager
def noted() -> Iterator[list[Path]]:
    """Collects the files that are read within the block, each once, in the order in which they are first read."""
    files: list[Path] = []
    token = _NOTED.set(files)
    try:
        yield files
    finally:
        _NOTED.reset(token)


def _bytes_of(path: Path) -> bytes:
    if (files := _NOTED.get()) is not None and path not in files:
        files.append(path)
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}") from None
    begins = raw[:256].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for start, what, remedy in _INSTEAD:
        if begins.startswith(start):
            raise BadInput(f"{path} is {what}; {remedy}")
    return raw


def _read(path: Path, header: Sequence[str]) -> Iterator[Row]:
    ending = path.suffix.lower()
    if ending == ".parquet":
        yield from _parquet(path)
    elif ending in _FORMS:
        yield from _table(path, _FORMS[ending], header)
    else:
        yield from _json(path, text_of(path))


def _table(path: Path, form: dict[str, Any], header: Sequence[str]) -> Iterator[Row]:
    reader = csv.DictReader(StringIO(text_of(path), newline=""), list(header) or None, **form)
    # A passage can be longer than the limit of the csv module.
    csv.field_size_limit(_LONGEST_CELL)
    number = 0
    try:
        for number, row in enumerate(reader, 1):
            if None in row:
                raise BadInput(
                    f"{path}: row {number} has more cells than the {len(reader.fieldnames or ())} columns"
                )
            yield row
    except csv.Error as problem:
        raise BadInput(
            f"{path}: row {number + 1} is broken: {problem}; was it downloaded completely?"
        ) from None


def _json(path: Path, text: str) -> Iterator[Row]:
    """Reads JSON lines, or a single JSON value: a list of objects, an object of objects, or an object."""
    # Only a single value that spans several lines begins with a line that is just "{".
    start = text.lstrip()
    if start.startswith("[") or start.partition("\n")[0].strip() == "{":
        try:
            found = json.loads(text)
        except ValueError as problem:
            raise BadInput(f"{path} is broken JSON: {problem}; was it downloaded completely?") from None
        yield from _objects(path, found)
        return
    # Line ends within strings are escaped, but other characters that Python takes for line ends are not.
    ends = "\n" if "\n" in text else "\r"
    lines = [(number, line) for number, line in enumerate(text.split(ends), 1) if line.strip()]
    for number, line in lines:
        try:
            row = json.loads(line)
        except ValueError as problem:
            raise BadInput(
                f"{path}: line {number} is broken JSON: {problem}; was it downloaded completely?"
            ) from None
        if len(lines) == 1:
            yield from _objects(path, row)
        else:
            yield _object(path, number, row)


def _objects(path: Path, found: Any) -> Iterator[Row]:
    if isinstance(found, dict):
        found = list(found.values()) if all(isinstance(one, dict) for one in found.values()) else [found]
    if not isinstance(found, list):
        found = [found]
    yield from (_object(path, number, row) for number, row in enumerate(found, 1))


def _object(path: Path, number: int, row: Any) -> Row:
    if not isinstance(row, dict):
        raise BadInput(f"{path}: row {number} is {type(row).__name__}, not an object")
    return row


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, BufferReader, parquet
    except ImportError:
        raise BadInput(
            f"{path} is Parquet, which needs pyarrow: {install_command('parquet', 'pyarrow')}"
        ) from None
    raw = _bytes_of(path)
    if not raw:
        return
    try:
        yield from parquet.read_table(BufferReader(raw)).to_pylist()
    except (ArrowException, OSError) as problem:
        raise BadInput(
            f"{path} cannot be read as Parquet: {str(problem).rstrip('.')}; was it downloaded completely?"
        ) from None
