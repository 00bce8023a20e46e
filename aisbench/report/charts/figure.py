"""Builds plotly figures as plain dicts, without needing plotly.

A figure is `{"data": [traces], "layout": {...}}`, with numpy arrays of x and y. Its colours are named by their meaning,
such as "ttft", or "decode 0.16" with an opacity. `look` has the colours of pages and of paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aisbench.analysis.series import Series

Figure = dict[str, Any]
Trace = dict[str, Any]

# Marks a trace that is left out of a chart of several runs.
DETAIL = {"meta": "detail"}
SECONDS = "seconds since the start"
# The same left edge, in px, for charts that share their time axis.
_TIME_LEFT = 68
TIME_MARGIN = {"l": _TIME_LEFT, "r": 10, "t": 54, "b": 40}
# The gap between stacked charts, as a share of the whole height.
_STACK_GAP = 0.05


def line(name: str, x: ArrayLike, y: ArrayLike, colour: str, **more: Any) -> Trace:
    """A curve. `more`: further attributes of a plotly trace; `line` is merged into the defaults."""
    style = {"width": 1.5, "color": colour, **more.pop("line", {})}
    return {"name": plain(name), "x": x, "y": y, "type": "scatter", "mode": "lines", "line": style, **more}


def plain(text: str) -> str:
    """`text` as plotly shows it: it takes tags for formatting, and for links."""
    return escape(text, quote=False)


def titled(text: str, **more: Any) -> dict[str, Any]:
    """An axis with the title `text`. `more`: further attributes of a plotly axis."""
    return {"title": {"text": text}, **more}


def times(duration_s: float, text: str = SECONDS, **more: Any) -> dict[str, Any]:
    return titled(text, range=[0, duration_s], **more)


def held(series: Series, duration_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and rates of a step line. Each rate holds until the next time, the last one until the run's end."""
    return np.append(series.t_s, duration_s), np.append(series.y, series.y[-1])


def log_ticks(lowest: float, highest: float) -> dict[str, Any]:
    """A logarithmic axis with full tick labels, where plotly would write 2 and 5 without their power of ten."""
    ratio = highest / lowest
    digits: tuple[float, ...] = (1, 2, 5)
    if ratio > 3000:
        digits = (1,)
    elif ratio <= 8:
        digits = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    powers = range(int(np.floor(np.log10(lowest))), int(np.ceil(np.log10(highest))) + 1)
    # Rounded, because 1.2 times a power of ten is rarely exact.
    ticks = [float(f"{digit * 10.0**power:.7g}") for power in powers for digit in digits]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,.7g}" for tick in ticks]}


def vertical(at: float, colour: str, dash: str) -> dict[str, Any]:
    """A vertical line at `at`, over the whole height."""
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
        "line": {"color": colour, "width": 1.5, "dash": dash},
    }  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One of several stacked charts. `axis`: its vertical axis; `height`: relative to that of the others."""

    traces: Sequence[Trace]
    axis: dict[str, Any]
    height: float = 1.0


def stacked(rows: Sequence[Row], duration_s: float, **layout: Any) -> Figure:
    """Charts stacked from top to bottom that share their time axis. `layout`: further attributes of the layout."""
    return piled(rows, times(duration_s), **layout)


def piled(rows: Sequence[Row], axis: dict[str, Any], **layout: Any) -> Figure:
    """Like `stacked`, over any horizontal `axis`."""
    unit = (1 - _STACK_GAP * (len(rows) - 1)) / sum(row.height for row in rows)
    traces: list[Trace] = []
    axes, top = {}, 1.0
    for number, row in enumerate(rows, 1):
        suffix = str(number) if number > 1 else ""
        bottom = top - row.height * unit
        traces += [{**trace, "yaxis": f"y{suffix}"} for trace in row.traces]
        axes[f"yaxis{suffix}"] = {
            "automargin": False, "rangemode": "tozero", "tickformat": "~s", "domain": [max(bottom, 0.0), top], **row.axis,
        }  # fmt: skip
        top = bottom - _STACK_GAP
    return {
        "data": traces,
        "layout": {
            "margin": TIME_MARGIN,
            "hovermode": "x unified",
            "hoversubplots": "axis",
            "xaxis": {**axis, "anchor": f"y{len(rows) if len(rows) > 1 else ''}"},
            **axes,
            **layout,
        },
    }
