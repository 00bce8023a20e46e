"""Reads rows of a CSV file, with any of the usual separators."""

from __future__ import annotations

import csv
import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import LONE, NOT_UTF8, BadLine, number_in, shortened
from aisbench.workload.files.file_kinds import SEPARATORS, separator_of

_NAMED_MOST = 8


def table_rows(
    path: Path, *, all_of: tuple[str, ...] = (), any_of: tuple[str, ...] = (), what: str = "CSV file"
) -> Iterator[tuple[int, dict[str | None, Any]]]:
    """The number of each row's last line, and the row's cells by column.

    Bytes that are not UTF-8 stay in the cells as lone surrogates; see check_cells. `what`: the kind of file, for
    messages. Raises BadInput if a column of `all_of`, or all columns of `any_of`, are missing from the first line.
    """
    csv.field_size_limit(sys.maxsize)
    mark = separator_of(path, (*all_of, *any_of))
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        lines = itertools.dropwhile(lambda line: not line.strip(), file)
        reader = csv.DictReader(lines, delimiter=mark, skipinitialspace=True)
        try:
            names = [name.strip() for name in reader.fieldnames or ()]
            _check_names(path, names, all_of, any_of, what)
            reader.fieldnames = names
            cells: dict[Any, Any] = {}
            for cells in reader:
                yield reader.line_num, cells
            _check_end(path, cells)
        except csv.Error as problem:
            raise BadInput(f"{path}: line {reader.line_num} is broken CSV: {problem}") from None


def _check_end(path: Path, last: dict[Any, Any]) -> None:
    """Raises BadInput if the last row is the rest of the file after an unclosed quote."""
    if any(isinstance(cell, str) and "\n" in cell for cell in last.values()):
        with path.open("rb") as file:
            quotes = sum(line.count(b'"') for line in file)
        if quotes % 2:
            raise BadInput(
                f"{path}: a quote is never closed, so that the last row reaches to the end of the file"
            )


def _check_names(
    path: Path, names: list[str], all_of: tuple[str, ...], any_of: tuple[str, ...], what: str
) -> None:
    if names and names[0].startswith(("{", "[")):
        raise BadInput(f"{path} is JSON, not a {what}; --dataset jsonl reads JSON lines")
    missing = [repr(name) for name in all_of if name not in names]
    if any_of and not set(any_of) & set(names):
        missing.append(" or ".join(any_of))
    if missing:
        there = ", ".join(shortened(name)[1:-1] for name in names[:_NAMED_MOST])
        more = ", ..." if len(names) > _NAMED_MOST else ""
        raise BadInput(
            f"{path} has no column {', '.join(missing)}, which a {what} needs; its first line names {there}{more}"
        )
    twice = [name for name, count in Counter(names).items() if count > 1 and name in (*all_of, *any_of)]
    if twice:
        raise BadInput(f"{path} has two columns {twice[0]!r}; rename one of them")


def separator_notes(path: Path, wanted: tuple[str, ...]) -> list[str]:
    """A note on the separator of the columns, unless it is a comma."""
    mark = separator_of(path, wanted)
    return [] if mark == "," else [f"the columns of {path.name} are separated by {SEPARATORS[mark]}"]


def check_cells(cells: dict[str | None, Any]) -> None:
    """Raises BadLine for a row that is not UTF-8."""
    if any(isinstance(cell, str) and not cell.isascii() and LONE.search(cell) for cell in cells.values()):
        raise BadLine(NOT_UTF8)


def table_int(row: dict[str | None, Any], name: str) -> int:
    """A cell's whole number of at least 0; raises BadLine for anything else."""
    cell = row.get(name)
    if cell is None or not cell.strip():
        raise BadLine(f"{name} is missing")
    value = number_in(cell, None)
    if value is None:
        raise BadLine(f"{name} is {cell!r}, not a number", f"{name} is not a number")
    if not (value >= 0 and float(value).is_integer()):
        raise BadLine(
            f"{name} is {cell!r}, not a whole number of at least 0",
            f"{name} is not a whole number of at least 0",
        )
    return int(value)
