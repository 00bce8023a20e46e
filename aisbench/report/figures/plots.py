"""Figures for papers: one chart of one run or of several, as a plotly figure.

Colours are Okabe and Ito's, which colour-blind readers can tell apart; runs also differ by their dashes,
for print in black and white.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured
from aisbench.analysis.series import (
    Series,
    asked_rate_series,
    bin_ns,
    in_flight_series,
    per_second,
    token_series,
)
from aisbench.errors import BadInput
from aisbench.metrics import BRIEF, BY_NAME, TITLES, metrics_of
from aisbench.records.run import Run
from aisbench.report.page.curves import curve_fractions
from aisbench.report.page.timeline import chosen

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SECONDS = "seconds since the start"
# Requests that a timeline of a page's width can show.
TIMELINE_MOST = 4000
PERCENT_TICKS = (0, 50, 90, 99, 99.9, 99.99, 99.999)

# Ticks at 1, 2 and 5 of each power of ten, written out.
TICKS_MS = [digit * 10.0**power for power in range(-3, 7) for digit in (1, 2, 5)]
LOG_MS = {"type": "log", "tickvals": TICKS_MS, "ticktext": [f"{ms:,.7g}" for ms in TICKS_MS]}

Runs = Mapping[str, Run]


def run_figure(chart: str, runs: Runs, metric: str) -> go.Figure:
    """`chart` (of CHARTS) of `runs` by their names; `metric` is what percentiles and cdf are of.

    Raises BadInput for a chart or metric that these runs do not have.
    """
    figure = CHARTS[chart](runs, metric)
    figure.update_layout(showlegend=len(figure.data) > 1)
    return figure


def line(name: str, at: int, x: NDArray[Any], y: NDArray[Any], **more: Any) -> go.Scatter:
    """The curve of run number `at`."""
    style = {"color": COLOURS[at % len(COLOURS)], "dash": DASHES[at % len(DASHES)], "width": 1.8}
    return go.Scatter(name=name, x=x, y=y, mode="lines", line={**style, **more.pop("line", {})}, **more)


def in_flight(runs: Runs, metric: str) -> go.Figure:
    figure = go.Figure(layout={"xaxis_title": SECONDS, "yaxis_title": "requests in flight"})
    for at, (name, run) in enumerate(runs.items()):
        series = in_flight_series(Measured(run).in_flight)
        figure.add_trace(line(name, at, series.t_s, series.y, line={"shape": "hv", "dash": "solid"}))
    limits = {run.limit for run in runs.values()}
    if len(limits) == 1 and None not in limits:
        figure.add_hline(
            y=limits.pop(), line={"dash": "dash", "color": "#777777", "width": 1}, annotation_text="limit"
        )
    figure.update_yaxes(rangemode="tozero")
    return figure


def rates(runs: Runs, metric: str) -> go.Figure:
    figure = go.Figure(layout={"xaxis_title": SECONDS, "yaxis_title": "requests/s"})
    for at, (name, run) in enumerate(runs.items()):
        sending = Measured(run).sending
        width_ns = bin_ns(run.duration_ns)
        asked = asked_rate_series(run, sending, width_ns)
        if asked is not None:
            figure.add_trace(
                line(
                    f"{name}, asked",
                    at,
                    *to_the_end(asked, run),
                    line={"shape": "hv", "width": 5, "dash": "solid"},
                    opacity=0.3,
                )
            )
        sent = per_second(sending.every_sent_ns, run.duration_ns, width_ns)
        figure.add_trace(
            line(f"{name}, sent", at, *to_the_end(sent, run), line={"shape": "hv", "dash": "solid"})
        )
    figure.update_yaxes(rangemode="tozero")
    return figure


def to_the_end(rate: Series, run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and rates; each rate holds to the next time, the last one to the end of the run."""
    return np.append(rate.t_s, run.duration_ns / 1e9), np.append(rate.y, rate.y[-1])


def tokens(runs: Runs, metric: str) -> go.Figure:
    figure = go.Figure(layout={"xaxis_title": SECONDS, "yaxis_title": "output tokens/s"})
    for at, (name, run) in enumerate(runs.items()):
        series = token_series(run, bin_ns(run.duration_ns), Measured(run).flow)
        figure.add_trace(line(name, at, *to_the_end(series, run), line={"shape": "hv", "dash": "solid"}))
    figure.update_yaxes(rangemode="tozero")
    return figure


def percentiles(runs: Runs, metric: str) -> go.Figure:
    """Latency by percentile; the axis widens towards the tail (1 / (1 - p), logarithmic)."""
    figure = go.Figure(layout={"xaxis_title": "percentile", "yaxis_title": f"{TITLES[metric]}, ms"})
    furthest = 10.0
    for at, (name, run) in enumerate(runs.items()):
        fractions, values = distribution(name, run, metric)
        furthest = max(furthest, 1 / (1 - fractions[-1]))
        figure.add_trace(line(name, at, 1 / (1 - fractions), values))
    figure.update_xaxes(
        type="log",
        range=[0, np.log10(furthest)],
        tickvals=[1 / (1 - percent / 100) for percent in PERCENT_TICKS],
        ticktext=[f"p{percent:g}" for percent in PERCENT_TICKS],
    )
    figure.update_yaxes(LOG_MS)
    return figure


def cdf(runs: Runs, metric: str) -> go.Figure:
    figure = go.Figure(
        layout={
            "xaxis_title": f"{TITLES[metric]}, ms",
            "yaxis_title": "share of token gaps" if BY_NAME[metric].pooled else "share of requests",
        }
    )
    for at, (name, run) in enumerate(runs.items()):
        fractions, values = distribution(name, run, metric)
        figure.add_trace(line(name, at, values, fractions))
    figure.update_xaxes(LOG_MS)
    figure.update_yaxes(range=[0, 1.01])
    return figure


def distribution(name: str, run: Run, metric: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fractions below 1 and the latency, in ms, that each of them is below. Raises BadInput where there is none."""
    measured = Measured(run)
    if BY_NAME[metric].needs_stream and not run.streams:
        alone = ", ".join(one.name for one in metrics_of(streams=False))
        raise BadInput(f"--metric {metric}: {name} has whole answers, which show {alone} alone")
    if BY_NAME[metric].pooled:
        histogram = measured.itl
        fractions = curve_fractions(histogram.count)
        values = np.array(histogram.percentiles_ns((100 * fractions).tolist())) / (
            1e6 * measured.spread(BY_NAME[metric])
        )
        count = histogram.count
    else:
        found = measured.latencies.measured(metric)
        count = len(found)
        fractions = curve_fractions(count)
        values = np.quantile(found, fractions) if count else found
    if count == 0:
        raise BadInput(f"--metric {metric}: {name} has no value of it, so there is nothing to draw")
    return fractions, values


def timeline(runs: Runs, metric: str) -> go.Figure:
    """Each request a line, by its place in the plan: red to its first token, blue from there to its last."""
    if len(runs) > 1:
        raise BadInput("--chart timeline shows one run; give one DIR")
    (run,) = runs.values()
    rows = run.rows[chosen(run)]
    rows = rows[(rows["sent_ns"] > 0) & (rows["last_token_ns"] > 0)]
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), TIMELINE_MOST)).astype(np.int64)]
    figure = go.Figure(layout={"xaxis_title": SECONDS, "yaxis_title": "request, by its place in the plan"})
    phases = [
        ("TTFT", "sent_ns", "first_token_ns", "#D55E00"),
        ("decode", "first_token_ns", "last_token_ns", "#0072B2"),
    ]
    if not run.streams:
        phases = [("E2EL", "sent_ns", "last_token_ns", "#0072B2")]
    for name, begin, end, colour in phases:
        x = np.full(3 * len(rows), np.nan)
        x[0::3], x[1::3] = (rows[begin] - run.start_ns) / 1e9, (rows[end] - run.start_ns) / 1e9
        y = np.repeat(rows["slot"].astype(float), 3)
        width = min(8.0, max(0.8, 300 / max(len(rows), 1)))
        figure.add_trace(
            go.Scatter(name=name, x=x, y=y, mode="lines", line={"color": colour, "width": width})
        )
    figure.update_yaxes(autorange="reversed")
    return figure


def saturation_figure(searches: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Throughput and p99 latency by load of searches (saturation.json), a dotted line at each answer."""
    figure = go.Figure()
    (over, *others) = {found["over"] for found in searches.values()}
    if others:
        raise BadInput("these searches are over rate and over concurrency; give such as are over the same")
    for at, (name, found) in enumerate(searches.items()):
        points = found["points"]
        if not points:
            raise BadInput(f"{name}: this search measured no load, so there is nothing to draw")
        load = np.array([point["load"] for point in points])
        done = np.array([point["request_throughput"] for point in points])
        metric = next(one.name for one in BRIEF if one.key in points[0]["metrics"])
        tail = np.array([point["metrics"][f"{metric}_ms"]["p99"] for point in points], float)
        figure.add_trace(
            line(f"{name}, requests/s", at, load, done, line={"dash": "solid"}).update(mode="lines+markers")
        )
        figure.add_trace(
            line(f"{name}, {TITLES[metric]} p99", at, load, tail, line={"dash": "dot"}, yaxis="y2")
        )
        if found["max_load"] is not None:
            figure.add_vline(
                x=found["max_load"], line={"color": COLOURS[at % len(COLOURS)], "dash": "dash", "width": 1}
            )
    figure.update_layout(
        xaxis_title="asked requests/s" if over == "rate" else "requests in flight",
        yaxis={"title": "requests/s done", "rangemode": "tozero"},
        yaxis2={"title": "p99, ms", "overlaying": "y", "side": "right", "showgrid": False, **LOG_MS},
    )
    return figure


CHARTS: dict[str, Callable[[Runs, str], go.Figure]] = {
    "in-flight": in_flight,
    "rates": rates,
    "tokens": tokens,
    "percentiles": percentiles,
    "cdf": cdf,
    "timeline": timeline,
}
