"""Charts of latency by percentile, and of the share of requests by latency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.metrics import BY_NAME, METRICS, TITLES, metrics_of
from aisbench.report.charts.chart import Table
from aisbench.report.charts.figure import Figure, Trace, line, log_ticks, titled
from aisbench.report.charts.latency_curves import Curve, curve_of
from aisbench.report.charts.source import RunSource

_PERCENTS = (0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999)
# A logarithmic axis has no 0.
_LEAST_MS = 1e-3


def request_curves(source: RunSource) -> dict[str, Figure]:
    return _of_metrics(source, "request")


def token_curves(source: RunSource) -> dict[str, Figure]:
    return _of_metrics(source, "token")


def delay(source: RunSource) -> dict[str, Figure]:
    """The client delay: from the arrival of bytes to the client's reading them."""
    found = Curve.of_histogram(source.run.histograms["client_delay"])
    return {} if found is None else _both_forms({"client delay": (found, "decode", "solid")})


def delay_tables(source: RunSource) -> dict[str, Table]:
    found = Curve.of_histogram(source.run.histograms["client_delay"])
    return {} if found is None else {"delay": Table(("fraction", "ms"), [[found.fraction, found.ms]])}


def by_percentile(source: RunSource) -> dict[str, Figure]:
    """The source's metric by percentile. Raises BadInput if the run has no values of it."""
    return {"": _asked_for(source)["percentiles"]}


def cumulative(source: RunSource) -> dict[str, Figure]:
    """The share of requests by the source's metric. Raises BadInput if the run has no values of it."""
    return {"": _asked_for(source)["cdf"]}


def _asked_for(source: RunSource) -> dict[str, Figure]:
    metric = BY_NAME[source.metric]
    if metric.needs_stream and not source.run.streams:
        alone = ", ".join(one.name for one in metrics_of(streams=False))
        raise BadInput(
            f"--metric {metric.name}: the answers of {source.run.folder.name} were not streamed; give --metric {alone}"
        )
    found = curve_of(source.measured, metric)
    if found is None:
        raise BadInput(
            f"--metric {metric.name}: {source.run.folder.name} has no values of it, so there is nothing to draw; give another"
        )
    return _both_forms({metric.title: (found, metric.colour, "solid")}, f"{metric.title}, ms")


def _of_metrics(source: RunSource, place: str) -> dict[str, Figure]:
    """The curves of the metrics whose `chart` is `place`; those from the plan are dotted."""
    drawn: dict[str, tuple[Curve, str, str]] = {}
    for metric in METRICS:
        if metric.chart == place:
            for name, dash in ((metric.name, "solid"), (metric.plan_name, "dot")):
                if name in source.curves:
                    drawn[name] = (source.curves[name], metric.colour, dash)
    # In the order of the run's curves, so that those from the plan lie on top.
    return _both_forms({TITLES[name]: drawn[name] for name in source.curves if name in drawn})


def _both_forms(found: Mapping[str, tuple[Curve, str, str]], title: str = "ms") -> dict[str, Figure]:
    """Both forms of a chart of `found`, which has (curve, colour, dash) by name; {} if it is empty."""
    if not found:
        return {}
    furthest = max(10.0, *(1 / (1 - curve.fraction[-1]) for curve, _, _ in found.values()))
    highest = max(_LEAST_MS, *(curve.ms[-1] for curve, _, _ in found.values()))
    lowest = min(highest, *(max(curve.ms[0], _LEAST_MS) for curve, _, _ in found.values()))
    ms = titled(title, **log_ticks(lowest, highest))
    # Widens towards the tail: 1 / (1 - fraction) on a logarithmic axis.
    percentile = titled(
        "percentile",
        type="log",
        range=[0, float(np.log10(furthest)) + 0.02],
        tickvals=[float(f"{100 / (100 - percent):.7g}") for percent in _PERCENTS],
        ticktext=[f"{percent:g}" for percent in _PERCENTS],
    )
    share = titled("share", range=[0, 1.01], tickformat=".0%")
    tails = [1 / (1 - curve.fraction) for curve, _, _ in found.values()]
    return {
        "percentiles": _figure(
            [_trace(name, tail, entry[0].ms, "y", entry) for tail, (name, entry) in zip(tails, found.items(), strict=True)],
            percentile,
            ms,
        ),
        "cdf": _figure(
            [_trace(name, entry[0].ms, entry[0].fraction, "x", entry) for name, entry in found.items()],
            ms,
            share,
        ),
    }  # fmt: skip


def _trace(
    name: str, x: NDArray[np.float64], y: NDArray[np.float64], ms: str, entry: tuple[Curve, str, str]
) -> Trace:
    """`ms`: which of x and y holds the latency."""
    curve, colour, dash = entry
    return line(
        name, x, y, colour, line={"width": 1.8, "dash": dash}, customdata=100 * curve.fraction,
        hovertemplate=f"p%{{customdata:.7~g}}: %{{{ms}:.5~g}} ms",
    )  # fmt: skip


def _figure(traces: list[Trace], xaxis: dict[str, Any], yaxis: dict[str, Any]) -> Figure:
    return {
        "data": traces,
        "layout": {"xaxis": xaxis, "yaxis": yaxis, "hovermode": "closest", "showlegend": True},
    }


def curve_tables(source: RunSource) -> dict[str, Table]:
    blocks = [[name, curve.fraction, curve.ms] for name, curve in source.curves.items()]
    return {"curves": Table(("metric", "fraction", "ms"), blocks)}
