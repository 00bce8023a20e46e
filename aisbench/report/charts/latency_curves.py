"""Computes curves of latency by percentile, with few points that still show every power of ten of the tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured
from aisbench.metrics import Metric
from aisbench.records.histograms import Histogram

# Points of a latency curve below p90 and in each power of ten above it.
_CURVE_BODY = 90
_CURVE_PER_DECADE = 60

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Latency `ms` by `fraction` of the requests that were faster, both of shape (points,) and ascending.

    The highest of n values is drawn at the fraction 1 - 1 / (2 n), beyond what n values resolve.
    """

    fraction: Floats
    ms: Floats

    @staticmethod
    def of(values_ms: Floats) -> Curve | None:
        if len(values_ms) == 0:
            return None
        fractions = _curve_fractions(len(values_ms))
        return Curve._ending(fractions, np.quantile(values_ms, fractions), values_ms.max(), len(values_ms))

    @staticmethod
    def of_histogram(histogram: Histogram, spread: float = 1.0) -> Curve | None:
        """The curve of `histogram`, whose values (ns) are divided by `spread`; None if it is empty."""
        if histogram.count == 0:
            return None
        fractions = _curve_fractions(histogram.count)
        values = np.array(histogram.percentiles_ns((100 * fractions).tolist())) / (1e6 * spread)
        return Curve._ending(fractions, values, histogram.max_ns / (1e6 * spread), histogram.count)

    @staticmethod
    def _ending(fractions: Floats, values: Floats, highest: float, count: int) -> Curve:
        return Curve(np.append(fractions, 1 - 0.5 / count), np.append(values, highest))


def _curve_fractions(count: int) -> Floats:
    """Fractions from 0 to (count - 1) / count: evenly spaced below 0.9, and above it in the logarithm of 1 - fraction."""
    body = np.linspace(0, 0.9, _CURVE_BODY, endpoint=False)
    decades = max(0.0, np.log10(max(count, 10)) - 1)
    tail = 1 - 10.0 ** -np.linspace(1, 1 + decades, max(2, int(_CURVE_PER_DECADE * decades)))
    return np.concatenate([body, tail])


def curve_of(measured: Measured, metric: Metric) -> Curve | None:
    """The curve of one latency of the succeeded requests; None if none of them has a value."""
    if metric.pooled:
        return Curve.of_histogram(measured.itl, measured.spread(metric))
    return Curve.of(measured.latencies.measured(metric.name))


def curves(measured: Measured) -> dict[str, Curve]:
    """The curves of the run's headline latencies by name, those from the plan last."""
    metrics = [metric for metric in measured.metrics if metric.headline]
    found = {metric.name: curve_of(measured, metric) for metric in metrics}
    for metric in metrics:
        late = measured.latencies.from_plan(metric.name) if metric.from_plan else None
        if late is not None:
            found[metric.plan_name] = Curve.of(late[~np.isnan(late)])
    return {name: curve for name, curve in found.items() if curve is not None}
