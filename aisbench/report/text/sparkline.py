"""Draws a series as one line of text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], cells: int) -> str:
    """`values` as at most `cells` block characters, scaled from 0 to the largest value; None is a gap.

    If there are more values than cells, each cell shows the mean of its share of them.
    """
    if cells <= 0 or not values:
        return ""
    cells = min(cells, len(values))
    edges = [round(i * len(values) / cells) for i in range(cells + 1)]
    parts = [mean(values[begin:end]) for begin, end in itertools.pairwise(edges)]
    top = max((part for part in parts if part is not None), default=0.0)
    return "".join(block(part, top) for part in parts)


def mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def block(value: float | None, top: float) -> str:
    if value is None:
        return " "
    return _BLOCKS[min(round(value / top * (len(_BLOCKS) - 1)), len(_BLOCKS) - 1)] if top > 0 else _BLOCKS[0]
