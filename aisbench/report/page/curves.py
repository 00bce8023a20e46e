"""Latencies by percentile, as few points as show the body and every power of ten of the tail."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured
from aisbench.records.histograms import Histogram
from aisbench.report.page.arrays import packed

# Points of a latency curve below p90 and in each power of ten above it.
CURVE_BODY = 90
CURVE_PER_DECADE = 60


def curve_fractions(count: int) -> NDArray[np.float64]:
    """Fractions from 0 up to (count - 1) / count, evenly below 0.9 and by decades of 1 - p above."""
    body = np.linspace(0, 0.9, CURVE_BODY, endpoint=False)
    decades = max(0.0, np.log10(max(count, 10)) - 1)
    tail = 1 - 10.0 ** -np.linspace(1, 1 + decades, max(2, int(CURVE_PER_DECADE * decades)))
    return np.concatenate([body, tail])


def curve(values_ms: NDArray[np.float64]) -> dict[str, Any] | None:
    if len(values_ms) == 0:
        return None
    fractions = curve_fractions(len(values_ms))
    return packed_curve(fractions, np.quantile(values_ms, fractions), float(values_ms.max()), len(values_ms))


def histogram_curve(histogram: Histogram, spread: float = 1.0) -> dict[str, Any] | None:
    if histogram.count == 0:
        return None
    fractions = curve_fractions(histogram.count)
    values = np.array(histogram.percentiles_ns((100 * fractions).tolist())) / (1e6 * spread)
    return packed_curve(fractions, values, histogram.max_ns / (1e6 * spread), histogram.count)


def packed_curve(fractions: NDArray[Any], values: NDArray[Any], highest: float, count: int) -> dict[str, Any]:
    """The highest value of n stands at the fraction 1 - 1 / (2 n): it is beyond what n values resolve."""
    return {
        "fraction": packed(np.append(fractions, 1 - 0.5 / count)),
        "ms": packed(np.append(values, highest)),
        "count": count,
    }


def curves(measured: Measured) -> dict[str, Any]:
    """Latency by fraction of requests (of pooled metrics: of token gaps), as far as the run has it."""
    found = {}
    drawn = [metric for metric in measured.metrics if metric.headline]
    for metric in drawn:
        values = measured.latencies.measured
        found[metric.name] = (
            histogram_curve(measured.itl, measured.spread(metric))
            if metric.pooled
            else curve(values(metric.name))
        )
    for metric in drawn:
        late = measured.latencies.from_plan(metric.name) if metric.from_plan else None
        if late is not None:
            found[metric.plan_name] = curve(late[~np.isnan(late)])
    return found
