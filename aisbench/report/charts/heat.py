"""Charts of latency over time, as heat maps of the number of requests by time of the send and by latency."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.heat import Heat
from aisbench.metrics import TITLES
from aisbench.report.charts.chart import Table
from aisbench.report.charts.figure import SECONDS, TIME_MARGIN, Figure, log_ticks, times, titled
from aisbench.report.charts.source import RunSource


def heat(source: RunSource) -> dict[str, Figure]:
    """A heat map for each latency, by its name."""
    return {name: _figure(found, TITLES[name], source.duration_s) for name, found in source.heats.items()}


def _figure(found: Heat, title: str, duration_s: float) -> Figure:
    counts = _narrow(found)
    # Logarithmic, so that a single slow request can be seen beside a thousand quick ones.
    strength = np.where(counts > 0, np.log2(1 + found.counts), np.nan).astype("f4")
    cells = {
        "type": "heatmap",
        "x": found.edges_s,
        "y": found.edges_ms,
        "z": strength,
        "zmin": 0,
        "customdata": counts,
        "showscale": False,
        "colorscale": [[0, "decode 0.1"], [0.6, "decode"], [1, "ttft"]],
        "hovertemplate": "%{customdata} requests<br>about %{y:.4~g} ms<br>sent at about %{x:.4~g} s<extra></extra>",
    }
    layout = {
        "margin": {**TIME_MARGIN, "t": 30},
        "xaxis": times(duration_s, f"{SECONDS}, when sent", showgrid=False),
        "yaxis": titled(
            f"{title}, ms",
            automargin=False,
            showgrid=False,
            **log_ticks(found.edges_ms[0], found.edges_ms[-1]),
        ),
    }
    return {"data": [cells], "layout": layout}


def _narrow(found: Heat) -> NDArray[Any]:
    """The counts in the smallest integer type that holds them."""
    return found.counts.astype(np.min_scalar_type(int(found.counts.max())))


def heat_tables(source: RunSource) -> dict[str, Table]:
    found = source.heats
    head = ("metric", "from_s", "to_s", "from_ms", "to_ms", "requests")
    cells = [(name, of.edges_s, of.edges_ms, _narrow(of)) for name, of in found.items()]
    return {"heat": Table(head, cells=cells)} if cells else {}
