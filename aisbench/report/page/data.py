"""The numbers behind the page's charts, small enough to be embedded."""

from __future__ import annotations

from typing import Any

from aisbench.analysis.heat import heats
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.measured import Measured
from aisbench.analysis.sending import Sending
from aisbench.analysis.series import (
    asked_rate_series,
    bin_ns,
    error_series,
    in_flight_series,
    lag_series,
    per_second,
    token_series,
)
from aisbench.metrics import METRICS
from aisbench.records.run import Run
from aisbench.report.page.arrays import packed, packed_series
from aisbench.report.page.curves import curves, histogram_curve
from aisbench.report.page.server import devices_data, server_data
from aisbench.report.page.timeline import timeline
from aisbench.report.stages import missing

# What part of its width a run's last slice needs to be drawn.
LEAST_OF_A_SLICE = 0.5


def chart_data(measured: Measured, summary: dict[str, Any]) -> dict[str, Any]:
    """Everything that report.js draws. Times are seconds since the start, latencies ms."""
    run, sending = measured.run, measured.sending
    planned = InFlight.planned(run)
    width_ns = bin_ns(run.duration_ns)
    achieved = per_second(sending.every_sent_ns, run.duration_ns, width_ns)
    return {
        "bin_s": width_ns / 1e9,
        "duration_s": run.duration_ns / 1e9,
        "limit": run.limit,
        "metrics": metrics_data(),
        "stable": stable_windows(summary),
        "in_flight": packed_series(in_flight_series(measured.in_flight)),
        "planned_in_flight": packed_series(None if planned is None else in_flight_series(planned)),
        "asked_rate": packed_series(asked_rate_series(run, sending, width_ns)),
        "achieved_rate": packed_series(achieved),
        "tokens": packed_series(token_series(run, width_ns, measured.flow)),
        "errors": {kind: packed_series(series) for kind, series in error_series(run, width_ns).items()},
        "timeline": timeline(run),
        "curves": curves(measured),
        "heat": heat(measured),
        "lag": lag(run, sending, width_ns),
        "delay": histogram_curve(run.histograms["client_delay"]),
        "server": server_data(measured),
        "devices": devices_data(measured),
        "slices": slices(summary["slices"]),
    }


def metrics_data() -> list[dict[str, Any]]:
    """What the charts need to know of the table of metrics."""
    return [
        {
            "name": metric.name,
            "key": metric.key,
            "title": metric.title,
            "colour": metric.colour,
            "chart": metric.chart,
            "headline": metric.headline,
            "pooled": metric.pooled,
        }
        for metric in METRICS
    ]


def heat(measured: Measured) -> dict[str, Any]:
    """By latency the edges of the cells and the requests in them, a row of one latency after the other."""
    return {
        name: {
            "t": packed(found.edges_s),
            "ms": packed(found.edges_ms),
            "counts": packed(found.counts.astype("i4").ravel()),
        }
        for name, found in heats(measured).items()
    }


def lag(run: Run, sending: Sending, width_ns: int) -> dict[str, Any] | None:
    found = lag_series(run, sending, width_ns)
    return found and {name: packed_series(series) for name, series in found.items()}


def slices(block: dict[str, Any] | None) -> dict[str, Any] | None:
    """The slices' figures as columns, None for what a slice did not have.

    A last slice that is hardly one is left to the table: rates over so little time would stretch the axis.
    """
    if block is None:
        return None
    rows = block["slices"]
    if len(rows) > 1 and rows[-1]["end_s"] - rows[-1]["begin_s"] < LEAST_OF_A_SLICE * block["width_s"]:
        rows = rows[:-1]
    return {name: [row[name] for row in rows] for name in rows[0] if name != "errors"}


def stable_windows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """What is shaded: AISBench's stable stage in the lower half of the chart, the statistical one in the upper."""
    stages = (("aisbench", "valid", False), ("statistical", "doubtful", True))
    return [
        {"window_s": [ms / 1e3 for ms in summary["stable"][name]["window_ms"]], "tint": tint, "half": upper}
        for name, tint, upper in stages
        if missing(summary["stable"][name]) is None
    ]
