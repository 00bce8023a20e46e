"""Writes CSV files whose text is safe in a spreadsheet, which would run cells such as =1+1 as formulas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text

_MAY_RUN = re.compile(r"[=+\-@\t\r]")
# A lone dash stands for what is not known. Numbers may have a unit, as in -0.5 ms.
_HARMLESS = re.compile(r"-|[+-]?(\d[\d,]*)?\.?\d+(e[+-]?\d+)?( ?(%|[A-Za-z]+(/s)?))?", re.IGNORECASE)


def cell(value: Any) -> Any:
    """`value` for a CSV file: text that a spreadsheet might run gets an apostrophe before it; numbers stay as they are."""
    if not isinstance(value, str) or _MAY_RUN.match(value) is None or _HARMLESS.fullmatch(value):
        return value
    return f"'{value}"


def write_csv(rows: Iterable[Iterable[Any]], path: Path) -> None:
    """Writes `rows`, the first of which is the head, with `cell` applied to each value."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([cell(value) for value in row] for row in rows)
    write_text(text.getvalue(), path)
