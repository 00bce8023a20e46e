"""The figures that are given for every metric, from values or from a histogram."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.records.histograms import Histogram

# Given always, whatever --percentiles asks for.
STANDARD_PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0)
NS_PER_MS = 1e6

# `count` is always a number; the others are None where nothing was measured.
Figures = dict[str, Any]


def percentile_name(percent: float) -> str:
    """p99, p99.9: vLLM's names."""
    return f"p{int(percent)}" if float(percent).is_integer() else f"p{percent}"


def all_percentiles(asked: Iterable[float]) -> list[float]:
    return sorted({*STANDARD_PERCENTILES, *(float(percent) for percent in asked)})


def describe(values: NDArray[np.floating], percents: Iterable[float] = ()) -> Figures:
    """count, mean, median, std (population), min, max and linear percentiles; None but for the count when empty.

    The same definitions as vLLM's: numpy's mean, median, std and percentile.
    """
    wanted = all_percentiles(percents)
    if len(values) == 0:
        return nothing(wanted)
    found = np.percentile(values, wanted).tolist()
    return summary_of(
        len(values),
        float(np.mean(values)),
        float(np.std(values)),
        float(np.min(values)),
        float(np.max(values)),
        wanted,
        found,
    )


def describe_weighted(
    values: NDArray[np.floating], weights: NDArray[np.floating], percents: Iterable[float] = ()
) -> Figures:
    """As `describe`, of values that stand for `weights` observations each, which need not be whole numbers.

    Percentiles are linear between the middles of the values' shares of the total weight.
    """
    wanted = all_percentiles(percents)
    total = float(weights.sum())
    if total <= 0:
        return nothing(wanted)
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    middles = (np.cumsum(weights) - weights / 2) / total
    mean = float(values @ weights) / total
    std = float(np.sqrt(((values - mean) ** 2) @ weights / total))
    found = np.interp(np.array(wanted) / 100, middles, values).tolist()
    return summary_of(round(total), mean, std, float(values[0]), float(values[-1]), wanted, found)


def describe_histogram_ms(
    histogram: Histogram, percents: Iterable[float] = (), spread: float = 1.0
) -> Figures:
    """As `describe`, in ms, from a histogram of ns. `spread`: among so many observations each of its values is divided."""
    wanted = all_percentiles(percents)
    if histogram.count == 0:
        return nothing(wanted)
    divisor = NS_PER_MS * spread
    return summary_of(
        round(histogram.count * spread),
        histogram.mean_ns / divisor,
        histogram.std_ns / divisor,
        histogram.min_ns / divisor,
        histogram.max_ns / divisor,
        wanted,
        [value / divisor for value in histogram.percentiles_ns(wanted)],
    )


def summary_of(
    count: int, mean: float, std: float, low: float, high: float, percents: list[float], values: list[float]
) -> Figures:
    median = values[percents.index(50.0)]
    named = {percentile_name(percent): value for percent, value in zip(percents, values, strict=True)}
    return {"count": count, "mean": mean, "median": median, "std": std, "min": low, "max": high, **named}


def nothing(percents: list[float]) -> Figures:
    """What is said of no values: a 0 would be a latency that nobody measured."""
    names = ("mean", "median", "std", "min", "max", *map(percentile_name, percents))
    return {"count": 0, **dict.fromkeys(names)}
