"""Heat maps of latency over the run: how many requests of each latency were sent in each stretch of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured

# The most cells that a chart can show across and upwards.
MOST_COLUMNS = 120
ROWS = 48
# Requests counted at a time: the histogram takes 60 bytes of memory for each.
_BLOCK = 1 << 20
# With fewer requests per column, most cells are empty.
COLUMN_REQUESTS = 8


@dataclass(frozen=True)
class Heat:
    """Numbers of requests, `counts`, of shape (rows, columns). Row r covers `edges_ms[r]` to `edges_ms[r + 1]` (evenly
    spaced logarithms), column c `edges_s[c]` to `edges_s[c + 1]`, seconds since the start."""

    edges_s: NDArray[np.float64]
    edges_ms: NDArray[np.float64]
    counts: NDArray[np.int64]

    @staticmethod
    def of(moments_s: NDArray[np.float64], values_ms: NDArray[np.float64], duration_s: float) -> Heat | None:
        """None if there is nothing to show. Values of 0, which have no logarithm, go into the lowest row."""
        if len(values_ms) == 0 or duration_s <= 0:
            return None
        values = np.maximum(values_ms, 1e-3)
        # A single value still needs rows of some height.
        edges_ms = np.geomspace(values.min() / 1.02, values.max() * 1.02, ROWS + 1)
        columns = min(max(len(values) // COLUMN_REQUESTS, 1), MOST_COLUMNS)
        edges_s = np.linspace(0.0, duration_s, columns + 1)
        moments = np.clip(moments_s, 0, duration_s)
        counts = np.zeros((ROWS, columns))
        for begin in range(0, len(values), _BLOCK):
            part = slice(begin, begin + _BLOCK)
            counts += np.histogram2d(values[part], moments[part], bins=(edges_ms, edges_s))[0]
        return Heat(edges_s, edges_ms, counts.astype(np.int64))


def heats(measured: Measured) -> dict[str, Heat]:
    """The heat map of each headline metric: successful requests by the time of their send."""
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
