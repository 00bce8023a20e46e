"""The charts of an arrival plan: its rate over time, and how rates and gaps are distributed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aisbench.report.charts.chart import Chart, Table
from aisbench.report.charts.figure import Figure, line, times, titled
from aisbench.studies.arrival_plan.measure import PlannedGaps, PlannedRate

_MOST_RATE_BARS = 40


@dataclass(frozen=True)
class Planned:
    """A plan whose last request leaves at `ends_s`. `gaps` is None for a plan of one request."""

    ends_s: float
    rate: PlannedRate
    gaps: PlannedGaps | None


def rate(plan: Planned) -> dict[str, Figure]:
    found, hover = plan.rate, "%{y:.5~g}/s"
    t = found.starts_s
    traces = [
        line("planned", t, found.planned, "wait", line={"shape": "hv", "width": 1.2}, hovertemplate=hover),
        line("moving average", t, found.averaged, "decode", line={"width": 2.2}, hovertemplate=hover),
    ]
    if found.law is not None:
        style = {"shape": "hv", "dash": "dash", "width": 1.6}
        traces.append(line("law", t, found.law, "ttft", line=style, hovertemplate=hover))
    layout = {
        "xaxis": times(plan.ends_s, hoverformat=".3f"),
        "yaxis": titled("requests/s", rangemode="tozero"),
        "hovermode": "x unified",
        "showlegend": True,
    }
    return {"": {"data": traces, "layout": layout}}


def _rate_tables(plan: Planned) -> dict[str, Table]:
    found = plan.rate
    head = ("seconds", "planned_per_s", "average_per_s", "law_per_s")
    law: ArrayLike = [] if found.law is None else found.law
    return {"rate": Table(head, [[found.starts_s, found.planned, found.averaged, law]])}


def rates(plan: Planned) -> dict[str, Figure]:
    """How many bins of the planned rate have each rate."""
    bars = {
        "type": "histogram", "x": plan.rate.planned, "nbinsx": _MOST_RATE_BARS, "marker": {"color": "decode"},
        "hovertemplate": "%{x}/s: %{y} bins<extra></extra>",
    }  # fmt: skip
    layout = {"xaxis": titled("requests/s"), "yaxis": titled("bins"), "bargap": 0.05, "showlegend": False}
    return {"": {"data": [bars], "layout": layout}}


def gaps(plan: Planned) -> dict[str, Figure]:
    found = plan.gaps
    if found is None:
        return {}
    middle = (found.edges[:-1] + found.edges[1:]) / 2
    traces = [
        {
            "name": "planned", "type": "bar", "x": middle, "y": found.counts.astype("i4"), "width": np.diff(found.edges),
            "marker": {"color": "decode 0.65"}, "hovertemplate": "%{y}",
        }
    ]  # fmt: skip
    if found.law is not None:
        traces.append(
            line("law", middle, np.asarray(found.law), "ttft", line={"width": 2}, hovertemplate="%{y:.5~g}")
        )
    layout = {
        "xaxis": titled("gap, in mean gaps", range=[0, float(found.edges[-1])], hoverformat=".3f"),
        "yaxis": titled("gaps", rangemode="tozero"),
        "hovermode": "x unified",
        "showlegend": True,
    }
    return {"": {"data": traces, "layout": layout}}


def _gap_tables(plan: Planned) -> dict[str, Table]:
    found = plan.gaps
    if found is None:
        return {}
    head = ("from_mean_gaps", "to_mean_gaps", "gaps", "law_gaps")
    law: ArrayLike = [] if found.law is None else np.asarray(found.law)
    return {"gaps": Table(head, [[found.edges[:-1], found.edges[1:], found.counts.astype("i4"), law]])}


CHARTS: tuple[Chart[Planned], ...] = (
    Chart(name="rate", title="Planned rate", build=rate, tables=_rate_tables),
    Chart(name="rates", title="Distribution of rates", build=rates),
    Chart(name="gaps", title="Distribution of gaps", build=gaps, tables=_gap_tables),
)
