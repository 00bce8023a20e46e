"""Charts with one point per stretch of a run: its slices, and its schedule lag."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.metrics import BRIEF
from aisbench.report.charts.chart import Table
from aisbench.report.charts.figure import (
    SECONDS,
    TIME_MARGIN,
    Figure,
    Row,
    Trace,
    line,
    log_ticks,
    stacked,
    times,
    titled,
)
from aisbench.report.charts.source import RunSource

# A logarithmic axis has no 0.
_LEAST_LAG_MS = 1e-3
# Title, colour and dash of each series of lag_series.
_LAGS = {
    "p50": ("p50", "decode", "solid"),
    "p99": ("p99", "doubtful", "solid"),
    "max": ("largest", "ttft", "solid"),
    "own_p99": ("own p99", "valid", "dot"),
}
# The last slice of a run is drawn if it has at least this share of the full width.
_LEAST_OF_A_SLICE = 0.5


def lag(source: RunSource) -> dict[str, Figure]:
    """Schedule lag, ms, by planned time; {} in a closed loop."""
    found = source.lags
    if not found:
        return {}
    # own_p99 differs from p99 only if the in-flight limit made requests wait.
    apart = not np.array_equal(found["own_p99"].y, found["p99"].y)
    traces = [
        line(
            title, found[name].t_s, np.maximum(found[name].y, _LEAST_LAG_MS), tint, line={"dash": dash},
            customdata=found[name].y, hovertemplate="%{customdata:.4~g} ms",
        )
        for name, (title, tint, dash) in _LAGS.items()
        if apart or name != "own_p99"
    ]  # fmt: skip
    highest = max(1.0, float(found["max"].y.max()))
    layout = {
        "margin": TIME_MARGIN,
        "hovermode": "x unified",
        "xaxis": times(source.duration_s, f"{SECONDS}, when planned"),
        "yaxis": titled("schedule lag, ms", automargin=False, **log_ticks(_LEAST_LAG_MS, highest)),
    }
    return {"": {"data": traces, "layout": layout}}


def lag_tables(source: RunSource) -> dict[str, Table]:
    found = source.lags
    if not found:
        return {}
    head = ["seconds", *(f"lag_{name}_ms" for name in found)]
    return {"lag": Table(head, [[found["p50"].t_s, *(series.y for series in found.values())]])}


def _slices(source: RunSource) -> dict[str, list[Any]]:
    """The slices' figures as columns, with None for missing ones; {} if the run has no slices.

    A very short last slice is left out: rates over so little time would stretch the axis.
    """
    block = source.summary["slices"]
    if block is None:
        return {}
    rows = block["slices"]
    if len(rows) > 1 and rows[-1]["end_s"] - rows[-1]["begin_s"] < _LEAST_OF_A_SLICE * block["width_s"]:
        rows = rows[:-1]
    return {name: [row[name] for row in rows] for name in rows[0] if name != "errors"}


def slices(source: RunSource) -> dict[str, Figure]:
    found = {name: np.array(values, float) for name, values in _slices(source).items()}
    if not found:
        return {}
    middle = (found["begin_s"] + found["end_s"]) / 2

    def marked(name: str, title: str, tint: str, dash: str = "solid") -> list[Trace]:
        if name not in found:
            return []
        return [_marked(title, middle, found[name], tint, dash)]

    latencies = [
        trace
        for metric in BRIEF
        for trace in (
            *marked(f"p50_{metric.key}", f"{metric.title} p50", metric.colour),
            *marked(f"p99_{metric.key}", f"{metric.title} p99", metric.colour, "dot"),
        )
    ]
    rows = [
        Row(marked("request_throughput", "requests/s", "accent"), titled("requests/s")),
        Row(marked("output_throughput", "tokens/s", "valid"), titled("tokens/s")),
        Row(latencies, titled("ms")),
    ]
    return {"": stacked(rows, source.duration_s, showlegend=True)}


def _marked(title: str, x: NDArray[Any], y: NDArray[Any], tint: str, dash: str) -> Trace:
    return line(
        title, x, y, tint, line={"dash": dash}, mode="lines+markers", marker={"size": 4, "color": tint},
        hovertemplate="%{y:.5~g}",
    )  # fmt: skip


def slice_tables(source: RunSource) -> dict[str, Table]:
    found = _slices(source)
    return {"slices": Table(list(found), [list(found.values())])} if found else {}
