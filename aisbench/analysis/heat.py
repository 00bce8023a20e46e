"""Latencies over the run: how many requests of each latency were sent in each stretch of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured

# Cells that a page's width and a chart's height can show.
MOST_COLUMNS = 120
ROWS = 48
# Fewer requests to a column than this, and the columns are mostly empty.
COLUMN_REQUESTS = 8


@dataclass(frozen=True)
class Heat:
    """`counts`, shape (rows, columns), of requests: row r from `edges_ms[r]` to `edges_ms[r + 1]` (spaced
    evenly by their logarithms), column c from `edges_s[c]` to `edges_s[c + 1]` since the start."""

    edges_s: NDArray[np.float64]
    edges_ms: NDArray[np.float64]
    counts: NDArray[np.int64]

    @staticmethod
    def of(moments_s: NDArray[np.float64], values_ms: NDArray[np.float64], duration_s: float) -> Heat | None:
        """None where there is nothing to show. Values of 0, which a logarithm has no place for, lie in the lowest row."""
        if len(values_ms) == 0 or duration_s <= 0:
            return None
        values = np.maximum(values_ms, 1e-3)
        # One value alone still has a row's height.
        edges_ms = np.geomspace(values.min() / 1.02, values.max() * 1.02, ROWS + 1)
        columns = min(max(len(values) // COLUMN_REQUESTS, 1), MOST_COLUMNS)
        edges_s = np.linspace(0.0, duration_s, columns + 1)
        counts, _, _ = np.histogram2d(values, np.clip(moments_s, 0, duration_s), bins=(edges_ms, edges_s))
        return Heat(edges_s, edges_ms, counts.astype(np.int64))


def heats(measured: Measured) -> dict[str, Heat]:
    """By metric, the succeeded requests at the moments they were sent."""
    run = measured.run
    sent_s = (run.rows["sent_ns"][measured.ok] - run.start_ns) / 1e9
    found = {}
    for metric in measured.request_metrics:
        if not metric.headline:
            continue
        values = measured.latencies[metric.name]
        known = ~np.isnan(values)
        heat = Heat.of(sent_s[known], values[known], run.duration_ns / 1e9)
        if heat is not None:
            found[metric.name] = heat
    return found
