"""The parts of which charts are built: plotly figures as plain dicts, for nothing here needs plotly itself.

A figure is `{"data": [traces], "layout": {...}}`, with numpy arrays of x and y. It names its colours by what they mean
("ttft", "decode 0.16" with an opacity): `look` has what they look like on pages and on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aisbench.analysis.series import Series

Figure = dict[str, Any]
Trace = dict[str, Any]

# Of a trace that is left out where several runs lie over each other.
DETAIL = {"meta": "detail"}
SECONDS = "seconds since the start"
# The same left edge, in px, for charts that share their time axis.
_TIME_LEFT = 68
TIME_MARGIN = {"l": _TIME_LEFT, "r": 10, "t": 54, "b": 40}
# Of charts above each other, what lies between two, as a share of the height.
_STACK_GAP = 0.05


def line(name: str, x: ArrayLike, y: ArrayLike, colour: str, **more: Any) -> Trace:
    """A curve. `more`: plotly's own, of which `line` and `marker` are added to what stands here."""
    style = {"width": 1.5, "color": colour, **more.pop("line", {})}
    return {"name": name, "x": x, "y": y, "type": "scatter", "mode": "lines", "line": style, **more}


def titled(text: str, **more: Any) -> dict[str, Any]:
    """An axis with this title."""
    return {"title": {"text": text}, **more}


def times(duration_s: float, text: str = SECONDS, **more: Any) -> dict[str, Any]:
    return titled(text, range=[0, duration_s], **more)


def held(series: Series, duration_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and rates of bins: each rate holds to the next time, the last one to the end of the run."""
    return np.append(series.t_s, duration_s), np.append(series.y, series.y[-1])


def log_ticks(lowest: float, highest: float) -> dict[str, Any]:
    """A logarithmic axis whose ticks are written out: plotly's own leave out the power between two of them."""
    ratio = highest / lowest
    digits: tuple[float, ...] = (1, 2, 5)
    if ratio > 3000:
        digits = (1,)
    elif ratio <= 8:
        digits = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    powers = range(int(np.floor(np.log10(lowest))), int(np.ceil(np.log10(highest))) + 1)
    # Rounded: 1.2 times a power of ten is rarely that to the last digit.
    ticks = [float(f"{digit * 10.0**power:.7g}") for power in powers for digit in digits]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,.7g}" for tick in ticks]}


def vertical(at: float, colour: str, dash: str) -> dict[str, Any]:
    """A line over the whole height."""
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
        "line": {"color": colour, "width": 1.5, "dash": dash},
    }  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One of several charts above each other; `height` beside that of the others, `axis` its vertical axis."""

    traces: Sequence[Trace]
    axis: dict[str, Any]
    height: float = 1.0


def stacked(rows: Sequence[Row], duration_s: float, **layout: Any) -> Figure:
    """Charts above each other, from the top, that share their time axis."""
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
            "xaxis": times(duration_s, anchor=f"y{len(rows) if len(rows) > 1 else ''}"),
            **axes,
            **layout,
        },
    }
