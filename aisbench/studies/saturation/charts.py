"""The charts of a search: throughput, latency and accuracy by load. A new chart is an entry of CHARTS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.metrics import BY_NAME, METRICS
from aisbench.report.charts.chart import Chart, Table
from aisbench.report.charts.figure import Figure, Row, Trace, line, log_ticks, stacked, titled, vertical
from aisbench.studies.saturation.doubt import clients, doubts
from aisbench.studies.slo.terms import ACCURACY, parse_slo

# Curves of each headline metric with one value per request: name, key, statistic, colour, dash.
STATISTICS = [
    (f"{metric.title} {statistic}", metric.key, statistic, metric.colour, dash)
    for metric in METRICS
    if metric.headline and not metric.pooled
    for statistic, dash in (("p99", "solid"), ("mean", "dot"))
]


@dataclass(frozen=True)
class Search:
    """`found`: the content of saturation.json."""

    found: Mapping[str, Any]

    @property
    def points(self) -> list[dict[str, Any]]:
        points: list[dict[str, Any]] = self.found["points"]
        return points

    @cached_property
    def loads(self) -> NDArray[np.float64]:
        return np.array([point["load"] for point in self.points], float)

    @cached_property
    def symbols(self) -> list[str]:
        """Hollow where the client was not valid: those figures may show the client rather than the server."""
        at = clients(self.found)
        return [
            "circle" if at.get(point["load"], "valid") == "valid" else "circle-open" for point in self.points
        ]

    @cached_property
    def bounds(self) -> list[tuple[str, float]]:
        """The SLO's bounds on latencies, as (metric, ms)."""
        terms = parse_slo(" ".join(self.found["slo"]))
        return [(term.metric, term.bound) for term in terms if term.metric in BY_NAME]

    @cached_property
    def accuracy_bounds(self) -> list[float]:
        """The SLO's bounds on the accuracy, in per cent."""
        return [100 * term.bound for term in parse_slo(" ".join(self.found["slo"])) if term.name == ACCURACY]

    @property
    def is_open_loop(self) -> bool:
        return bool(self.found["over"] == "rate")

    def values(self, name: str) -> NDArray[np.float64]:
        """The figure `name` by load (loads,); nan where it is not known."""
        return np.array([point[name] for point in self.points], float)

    def accuracy(self, end: str) -> NDArray[np.float64]:
        """The accuracy by load (loads,), in per cent; nan where no answer was scored. `end`: share, or low or high, the
        ends of its interval."""
        known = [point.get("accuracy") or {} for point in self.points]
        return 100 * np.array([one.get(end, np.nan) for one in known], float)

    def latency(self, key: str, statistic: str) -> NDArray[np.float64]:
        """A statistic of a latency by load (loads,), in ms; nan where no request has the latency."""
        of_points = [point["metrics"].get(key) or {} for point in self.points]
        return np.array([of[statistic] if of.get("count") else np.nan for of in of_points], float)


def throughput(search: Search) -> dict[str, Figure]:
    return {"": _chart(search, _throughput_row(search), _answer(search))}


def _latency(search: Search) -> dict[str, Figure]:
    return {"": _chart(search, _latency_row(search), _answer(search) + _bounds(search, "y"))}


def _accuracy(search: Search) -> dict[str, Figure]:
    share, low, high = (search.accuracy(end) for end in ("share", "low", "high"))
    if np.isnan(share).all():
        return {}
    curve = _curve(search, "accuracy", share, "accent", "solid", "%{y:.1f} %", _marks(search))
    reach = {"type": "data", "symmetric": False, "array": high - share, "arrayminus": share - low}
    curve["error_y"] = {**reach, "color": "muted", "thickness": 1.2, "width": 4}
    bounds = [_level("y", bound, "wait") for bound in search.accuracy_bounds]
    # Some room, so that no point at 100 % is cut.
    return {"": _chart(search, Row([curve], titled("accuracy, %", range=[0, 104])), bounds)}


def _both(search: Search) -> dict[str, Figure]:
    rows = [_throughput_row(search), _latency_row(search)]
    shapes = _answer(search) + _bounds(search, "y2")
    xaxis = {**_load_axis(search), "anchor": "y2"}
    return {"": stacked(rows, 0.0, shapes=shapes, xaxis=xaxis, showlegend=True)}


def _chart(search: Search, row: Row, shapes: list[dict[str, Any]]) -> Figure:
    layout = {
        "shapes": shapes, "xaxis": _load_axis(search), "yaxis": row.axis, "hovermode": "x unified", "showlegend": True,
    }  # fmt: skip
    return {"data": list(row.traces), "layout": layout}


def _load_axis(search: Search) -> dict[str, Any]:
    load = "load, requests/s" if search.is_open_loop else "load, requests in flight"
    return titled(load, rangemode="tozero")


def _answer(search: Search) -> list[dict[str, Any]]:
    """Marks the answer with its interval, and the knee, except where the client was invalid."""
    found, doubt = search.found, doubts(search.found)
    shapes = []
    if doubt["max_load"] != "invalid":
        low, high = found["max_load_interval"]
        if low is not None and high is not None:
            shapes.append(
                {
                    "type": "rect", "layer": "below", "xref": "x", "yref": "paper", "x0": low, "x1": high,
                    "y0": 0, "y1": 1, "line": {"width": 0}, "fillcolor": "valid 0.16",
                }
            )  # fmt: skip
        if found["max_load"] is not None:
            shapes.append(vertical(found["max_load"], "valid", "solid"))
    if found["knee"] is not None and doubt["knee"] != "invalid":
        shapes.append(vertical(found["knee"], "wait", "dot"))
    return shapes


def _bounds(search: Search, axis: str) -> list[dict[str, Any]]:
    return [_level(axis, bound, BY_NAME[metric].colour) for metric, bound in search.bounds]


def _level(axis: str, y: float, tint: str) -> dict[str, Any]:
    return {
        "type": "line", "xref": "paper", "yref": axis, "x0": 0, "x1": 1, "y0": y, "y1": y,
        "line": {"color": tint, "width": 1.2, "dash": "dash"},
    }  # fmt: skip


def _curve(
    search: Search,
    name: str,
    y: NDArray[np.float64],
    tint: str,
    dash: str,
    hover: str,
    marks: list[str] | None = None,
) -> Trace:
    """`marks`: a colour for each point."""
    return line(
        name, search.loads, y, tint, line={"width": 1.8, "dash": dash}, mode="lines+markers", hovertemplate=hover,
        marker={"size": 7, "color": marks or tint, "symbol": search.symbols},
    )  # fmt: skip


def _throughput_row(search: Search) -> Row:
    hover, traces = "%{y:.5~g}/s", []
    if search.is_open_loop:
        whole = np.array([0.0, search.loads.max(initial=0.0)])
        style = {"width": 1.2, "dash": "dash"}
        traces.append(line("requests due", whole, whole, "wait", line=style, hoverinfo="skip"))
    done = search.values("request_throughput")
    traces.append(_curve(search, "requests done", done, "accent", "solid", hover, _marks(search)))
    good = search.values("goodput")
    if not np.isnan(good).all():
        traces.append(_curve(search, "goodput", good, "decode", "dot", hover))
    return Row(traces, titled("requests/s", rangemode="tozero"))


def _marks(search: Search) -> list[str]:
    """Green where the load passes, red where it fails."""
    return ["valid" if point["passes"] else "invalid" for point in search.points]


def _latency_row(search: Search) -> Row:
    curves = [
        (name, search.latency(key, statistic), tint, dash) for name, key, statistic, tint, dash in STATISTICS
    ]
    curves = [curve for curve in curves if (curve[1] > 0).any()]
    traces = [_curve(search, *curve, "%{y:.5~g} ms") for curve in curves]
    seen = np.concatenate([*(y[y > 0] for _, y, _, _ in curves), [bound for _, bound in search.bounds]])
    ticks = log_ticks(seen.min(), seen.max()) if len(seen) else {"type": "log"}
    return Row(traces, {**titled("ms", **ticks), "rangemode": "normal", "tickformat": ""})


def tables(search: Search) -> dict[str, Table]:
    """The data of the charts, a row for each load."""
    head = ["load", "passes", "requests_per_s", "goodput_per_s"]
    ends = () if np.isnan(search.accuracy("share")).all() else ("share", "low", "high")
    head += [f"accuracy_{end}_percent" for end in ends]
    head += [f"{statistic}_{key}" for _, key, statistic, _, _ in STATISTICS]
    columns = [
        search.loads,
        [point["passes"] for point in search.points],
        search.values("request_throughput"),
        search.values("goodput"),
        *(search.accuracy(end) for end in ends),
        *(search.latency(key, statistic) for _, key, statistic, _, _ in STATISTICS),
    ]
    return {"loads": Table(head, [columns])}


CHARTS: tuple[Chart[Search], ...] = (
    Chart(name="throughput", title="Throughput by load", build=throughput, tables=tables),
    Chart(name="latency", title="Latency by load", build=_latency),
    Chart(name="accuracy", title="Accuracy by load", build=_accuracy),
    Chart(name="saturation", title="Throughput and latency by load", build=_both, on_page=False),
)
