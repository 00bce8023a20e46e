"""The chart of the prefix cache over time: its hits beside those of caches in theory."""

from __future__ import annotations

import numpy as np

from aisbench.analysis.caches.found import Ints
from aisbench.analysis.caches.theory import Theory
from aisbench.analysis.series import Series, bin_ns
from aisbench.report.charts.chart import Table, long_table
from aisbench.report.charts.figure import TIME_MARGIN, Figure, line, times, titled
from aisbench.report.charts.source import RunSource

# A point stands for this many requests on average, and there are at most so many points.
_REQUESTS_A_POINT, _MOST_POINTS = 20, 100
# By the names of Theory's fields: title and colour.
_LINES = {
    "endless": ("endless cache", "wait"),
    "lru": ("cache of this size (LRU)", "decode"),
    "actual": ("found by the server", "valid"),
}


def _series(source: RunSource) -> dict[str, Series]:
    """The shares of the prompt tokens found, %, by the time at which the requests were sent."""
    theory = source.measured.cache_theory
    if theory is None:
        return {}
    hits: dict[str, Ints | None] = {"endless": theory.by_server, "lru": theory.lru}
    hits["actual"] = theory.actual if theory.actual_from == "usage" else None
    return {name: _over_time(source, theory, found) for name, found in hits.items() if found is not None}


def _over_time(source: RunSource, theory: Theory, hits: Ints) -> Series:
    counted = theory.counted
    width_ns = bin_ns(
        source.run.duration_ns,
        min(_MOST_POINTS, max(1, int(np.count_nonzero(counted)) // _REQUESTS_A_POINT)),
    )
    bins = (theory.streams.sent_ns[counted] - source.run.start_ns) // width_ns
    tokens, found = (np.bincount(bins, weights=values[counted]) for values in (theory.tokens, hits))
    there = np.flatnonzero(tokens)
    share = np.asarray(100 * found[there] / tokens[there], np.float64)
    ends_ns = np.minimum((there + 1) * width_ns, source.run.duration_ns)
    t_s = np.asarray((there * width_ns + ends_ns) / 2e9, np.float64)
    return Series(t_s, share)


def cache(source: RunSource) -> dict[str, Figure]:
    found = _series(source)
    if not found:
        return {}
    traces = [
        line(title, found[name].t_s, found[name].y, tint, mode="lines+markers", hovertemplate="%{y:.3~g} %")
        for name, (title, tint) in _LINES.items()
        if name in found
    ]
    layout = {
        "margin": TIME_MARGIN,
        "hovermode": "x unified",
        "showlegend": True,
        "xaxis": times(source.duration_s),
        "yaxis": titled("% of the prompt tokens", automargin=False, rangemode="tozero"),
    }
    return {"": {"data": traces, "layout": layout}}


def cache_tables(source: RunSource) -> dict[str, Table]:
    found = _series(source)
    return {"cache": long_table(found)} if found else {}
