"""Makes text safe in CSV files that people open with a spreadsheet, which runs cells such as =1+1 as formulas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_MAY_RUN = re.compile(r"[=+\-@\t\r]")
# A lone dash stands for what is not known. Numbers may have a unit, as in -0.5 ms.
_HARMLESS = re.compile(r"-|[+-]?(\d[\d,]*)?\.?\d+(e[+-]?\d+)?( ?(%|[A-Za-z]+(/s)?))?", re.IGNORECASE)


def cell(value: Any) -> Any:
    """`value` for a CSV file: text that a spreadsheet might run gets an apostrophe before it; numbers stay as they are."""
    if not isinstance(value, str) or _MAY_RUN.match(value) is None or _HARMLESS.fullmatch(value):
        return value
    return f"'{value}"


def cells(rows: Iterable[Iterable[Any]]) -> Iterator[list[Any]]:
    """The rows of a CSV file with `cell` applied to each value."""
    return ([cell(value) for value in row] for row in rows)
