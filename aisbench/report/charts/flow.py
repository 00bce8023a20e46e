"""Charts of a run over time: requests in flight, rates of requests and tokens, failures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from aisbench.analysis.series import Series
from aisbench.report.charts.chart import Table, long_table
from aisbench.report.charts.figure import DETAIL, Figure, Row, Trace, held, line, stacked, times, titled
from aisbench.report.charts.server import gauges
from aisbench.report.charts.source import RunSource
from aisbench.report.stages import missing

_ERROR_TINTS = ("ttft", "failed", "doubtful", "decode", "valid", "wait")
# Planned values are a broad band under the line of the real ones, so that both can be seen where they agree.
_BAND = {"width": 5, "color": "wait 0.45"}


def concurrency(source: RunSource) -> dict[str, Figure]:
    rows = [_in_flight_row(source, 0.5), _rates_row(source, 0.2), _tokens_row(source, 0.2)]
    figure = stacked(rows, source.duration_s, shapes=stable_stages(source.summary))
    figure["layout"]["xaxis"]["hoverformat"] = ".3f"
    return {"": figure}


def in_flight(source: RunSource) -> dict[str, Figure]:
    return {"": stacked([_in_flight_row(source)], source.duration_s)}


def rates(source: RunSource) -> dict[str, Figure]:
    return {"": stacked([_rates_row(source)], source.duration_s)}


def tokens(source: RunSource) -> dict[str, Figure]:
    return {"": stacked([_tokens_row(source)], source.duration_s)}


def _in_flight_row(source: RunSource, height: float = 1.0) -> Row:
    flow, planned, limit = source.in_flight, source.planned_in_flight, source.run.limit
    traces = []
    if planned is not None:
        traces.append(_level("planned", planned, "wait", line=_BAND, **DETAIL))
    traces.append(
        _level("in flight", flow, "decode", line={"width": 1.4}, fill="tozeroy", fillcolor="decode 0.16")
    )
    if limit is not None:
        style = {"dash": "dash", "width": 1.2}
        x, y = np.array([0.0, source.duration_s]), np.full(2, float(limit))
        traces.append(line("limit", x, y, "ttft", line=style, hovertemplate="%{y:d}"))
    for name, tint in (("running", "valid"), ("waiting", "doubtful")):
        gauge = gauges(source).get(name)
        if gauge is not None:
            style = {"width": 1.4, "dash": "dot"}
            traces.append(
                line(
                    f"{name} at server",
                    gauge.t_s,
                    gauge.y,
                    tint,
                    line=style,
                    hovertemplate="%{y:d}",
                    **DETAIL,
                )
            )
    return Row(traces, titled("in flight"), height)


def _level(name: str, series: Series, tint: str, **more: Any) -> Trace:
    """A step line: each count holds until the next one."""
    style = {"shape": "hv", **more.pop("line")}
    return line(name, series.t_s, series.y, tint, line=style, hovertemplate="%{y:d}", **more)


def _rates_row(source: RunSource, height: float = 1.0) -> Row:
    target = source.asked_rate
    traces = [] if target is None else [rate("target", target, source, "wait", **_BAND)]
    return Row([*traces, rate("sent", source.sent_rate, source, "accent")], titled("requests/s"), height)


def _tokens_row(source: RunSource, height: float = 1.0) -> Row:
    return Row([rate("tokens", source.token_rate, source, "valid")], titled("tokens/s"), height)


def rate(name: str, series: Series, source: RunSource, tint: str, **style: Any) -> Trace:
    x, y = held(series, source.duration_s)
    return line(
        name, x, y, tint, line={"shape": "hv", "width": 1.4, **style}, hovertemplate="%{y:.5~g}/s"
    )  # fmt: skip


def stable_stages(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Shading for the stable stage in the lower half of the chart and for the settled stage in the upper half."""
    found = []
    for name, tint, bottom in (("aisbench", "valid", 0.0), ("statistical", "doubtful", 0.5)):
        stage = summary["stable"][name]
        if missing(stage) is None:
            begin_s, end_s = (ms / 1e3 for ms in stage["window_ms"])
            found.append(
                {
                    "type": "rect", "layer": "below", "xref": "x", "yref": "y domain", "x0": begin_s, "x1": end_s,
                    "y0": bottom, "y1": bottom + 0.5, "line": {"width": 0}, "fillcolor": f"{tint} 0.14",
                }
            )  # fmt: skip
    return found


def flow_tables(source: RunSource) -> dict[str, Table]:
    found = {"in_flight": source.in_flight}
    if source.planned_in_flight is not None:
        found["planned"] = source.planned_in_flight
    asked: ArrayLike = [] if source.asked_rate is None else source.asked_rate.y
    sent, token_rate = source.sent_rate, source.token_rate
    return {
        "in_flight": long_table(found),
        "rates": Table(
            ("seconds", "asked_per_s", "sent_per_s", "tokens_per_s"),
            [[sent.t_s, asked, sent.y, token_rate.y]],
        ),
    }


def errors(source: RunSource) -> dict[str, Figure]:
    """Failures per second by kind."""
    found = source.errors
    if not found:
        return {}
    traces = []
    for at, (kind, series) in enumerate(found.items()):
        x, y = held(series, source.duration_s)
        tint = _ERROR_TINTS[at % len(_ERROR_TINTS)]
        traces.append(line(kind, x, y, tint, line={"shape": "hv"}, hovertemplate="%{y:.4~g}/s"))
    layout = {
        "showlegend": True,
        "xaxis": times(source.duration_s),
        "yaxis": titled("failures/s", rangemode="tozero"),
        "hovermode": "x unified",
    }
    return {"": {"data": traces, "layout": layout}}


def error_tables(source: RunSource) -> dict[str, Table]:
    found = source.errors
    if not found:
        return {}
    first = next(iter(found.values()))
    head = ["seconds", *(f"{kind}_per_s" for kind in found)]
    return {"errors": Table(head, [[first.t_s, *(series.y for series in found.values())]])}
