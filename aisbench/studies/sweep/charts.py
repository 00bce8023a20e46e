"""The chart of a sweep: what users see against what the server does, with the frontier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aisbench.report.charts.chart import Chart, Table
from aisbench.report.charts.figure import Figure, Trace, line, plain, titled
from aisbench.report.charts.look import DASHES, RUNS
from aisbench.studies.sweep.frontier import frontier
from aisbench.studies.sweep.measured_run import USER, figure_names
from aisbench.studies.sweep.result import position

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "pentagon")
# More labels would cover each other.
_MOST_LABELS = 24
_HOVER = "%{customdata}<br>%{y:,.5~g} tokens/s per server<br>%{x:.4~g} tokens/s per user<extra></extra>"
_DECODE = "tokens/s per user (1 / TPOT, mean of the requests)"
_WHOLE = "tokens/s per user (output tokens / E2EL, mean of the requests)"


@dataclass(frozen=True)
class Swept:
    """`sweeps`: the content of each sweep's summary.json by its name. With several, colours tell the sweeps apart; with one,
    the combinations of axes that do not set the load."""

    sweeps: Mapping[str, Mapping[str, Any]]

    @property
    def user(self) -> str:
        """The figure on the horizontal axis, which all sweeps have."""
        figures = [found["user_figure"] for found in self.sweeps.values()]
        return next((name for name in figures if name != USER), USER)


def user_title(user: str) -> str:
    return _DECODE if user == USER else _WHOLE


def colour(at: int) -> str:
    """The colour of the curve number `at`. The palette's black would be invisible on a dark page."""
    return "text" if RUNS[at % len(RUNS)] == "#000000" else RUNS[at % len(RUNS)]


def _pareto(swept: Swept) -> dict[str, Figure]:
    traces = [trace for at in range(len(swept.sweeps)) for trace in _traces(swept, at)]
    if not traces:
        return {}
    layout = {
        "xaxis": titled(user_title(swept.user), range=_range(swept)),
        "yaxis": titled("tokens/s per server", rangemode="tozero", tickformat="~s"),
        "hovermode": "closest",
        "showlegend": True,
    }
    return {"": {"data": traces, "layout": layout}}


def _range(swept: Swept) -> list[float]:
    """The horizontal axis: from 0, unless all points are far from it, and with room for the labels on the right."""
    users = [
        place[0]
        for found in swept.sweeps.values()
        for point in found["points"]
        if (place := position(point, swept.user)) is not None
    ]
    low, high = min(users), max(users)
    low = 0.0 if low < high / 2 else low - 0.05 * (high - low) - 0.005 * high
    return [low, high + 0.18 * (high - low)]


def _traces(swept: Swept, at: int) -> Iterator[Trace]:
    name, found = list(swept.sweeps.items())[at]
    several = len(swept.sweeps) > 1
    points = [point for point in found["points"] if position(point, swept.user) is not None]
    if not points:
        return
    best = _frontier(points, swept.user)
    tint = colour(at) if several else "muted"
    places = [_place(point, swept.user) for point in best]
    yield line(
        f"{name}: frontier" if several else "frontier",
        [x for x, _ in places],
        [y for _, y in places],
        tint,
        line={"width": 6},
        opacity=0.4,
        hoverinfo="skip",
    )
    labelled = {point["name"] for point in best} if len(best) <= _MOST_LABELS else set()
    curves = list(dict.fromkeys(point["curve"] for point in points))
    for number, curve in enumerate(curves):
        own = [point for point in points if point["curve"] == curve]
        title = " ".join(part for part in (name if several else "", curve) if part) or "points"
        mark = at if several else number
        yield _curve(own, title, colour(mark), number if several else mark, swept.user, labelled)
    if found["best"] is not None:
        chosen = [point for point in points if point["name"] == found["best"]]
        yield _best(chosen, f"{name}: best under the SLO" if several else "best under the SLO", swept.user)


def _curve(
    points: list[Mapping[str, Any]], title: str, tint: str, number: int, user: str, labelled: set[str]
) -> Trace:
    places = [_place(point, user) for point in points]
    return line(
        title,
        [x for x, _ in places],
        [y for _, y in places],
        tint,
        mode="lines+markers+text",
        line={"width": 1, "dash": DASHES[number % len(DASHES)]},
        marker={
            "size": 9,
            "color": tint,
            # Hollow where the client was not valid: those figures may show the client rather than the server.
            "symbol": [
                _SYMBOLS[number % len(_SYMBOLS)] + ("" if point["client"] == "valid" else "-open")
                for point in points
            ],
        },
        text=[plain(point["load"]) if point["name"] in labelled else "" for point in points],
        textposition="top right",
        textfont={"size": 10.5, "color": "muted"},
        customdata=[plain(point["name"]) for point in points],
        hovertemplate=_HOVER,
        cliponaxis=False,
    )


def _best(points: list[Mapping[str, Any]], title: str, user: str) -> Trace:
    places = [_place(point, user) for point in points]
    return {
        "name": title, "x": [x for x, _ in places], "y": [y for _, y in places], "type": "scatter", "mode": "markers",
        "marker": {"size": 18, "symbol": "star-open", "color": "valid", "line": {"width": 2}}, "hoverinfo": "skip",
    }  # fmt: skip


def _frontier(points: list[Mapping[str, Any]], user: str) -> list[Mapping[str, Any]]:
    """Those of `points` that no other beats, by rising tokens/s per user."""
    return [points[at] for at in frontier([_place(point, user) for point in points])]


def _place(point: Mapping[str, Any], user: str) -> tuple[float, float]:
    place = position(point, user)
    assert place is not None
    return place


def _tables(swept: Swept) -> dict[str, Table]:
    """The data of the chart, a row for each point."""
    figures = [
        name
        for name in figure_names()
        if any(name in point["figures"] for found in swept.sweeps.values() for point in found["points"])
    ]
    rows = [(name, point) for name, found in swept.sweeps.items() for point in found["points"]]
    columns: list[list[Any]] = [[name for name, _ in rows], [point["name"] for _, point in rows]]
    head = ["sweep", "point"]
    for figure in figures:
        for end in ("mean", "low", "high"):
            head.append(figure if end == "mean" else f"{figure}_{end}")
            columns.append([(point["figures"].get(figure) or {}).get(end) for _, point in rows])
    return {"points": Table(head, [columns])}


CHARTS: tuple[Chart[Swept], ...] = (
    Chart(
        name="pareto", title="Tokens/s per server against tokens/s per user", build=_pareto, tables=_tables
    ),
)
