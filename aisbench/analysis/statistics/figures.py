"""The figures of a metric (mean, percentiles, ...), from values or from a histogram."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.keys import Count, MoreKeys, more_keys
from aisbench.records.histograms import Histogram

# Always given, in addition to --percentiles.
_STANDARD_PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0)
_NS_PER_MS = 1e6


PERCENTILES = MoreKeys(r"^p[0-9]+(\.[0-9]+)?$", float | None, "Percentiles of --percentiles, such as p99.9.")
Statistic = Annotated[float | None, "linear between the two nearest values, as in numpy"]


@more_keys(PERCENTILES)
class Figures(TypedDict):
    """Figures of a sample, in the unit of the key that holds them; all but `count` are null if nothing was measured."""

    count: Annotated[Count, "number of values"]
    mean: float | None
    median: float | None
    std: Annotated[float | None, "standard deviation of the population"]
    min: float | None
    max: float | None
    p50: Statistic
    p75: Statistic
    p90: Statistic
    p95: Statistic
    p99: Statistic


def percentile_name(percent: float) -> str:
    """vLLM's name of a percentile, such as p99 or p99.9."""
    return f"p{int(percent)}" if float(percent).is_integer() else f"p{percent}"


def percentile(figures: Figures, percent: float) -> float | None:
    """The percentile in `figures`. Raises KeyError if it was not computed."""
    return cast(dict[str, float | None], figures)[percentile_name(percent)]


def all_percentiles(asked: Iterable[float]) -> list[float]:
    return sorted({*_STANDARD_PERCENTILES, *(float(percent) for percent in asked)})


def describe(values: NDArray[np.floating], percents: Iterable[float] = ()) -> Figures:
    """count, mean, median, std (population), min, max and linear percentiles; all but count are None if empty.

    As in vLLM, these are numpy's mean, median, std and percentile.
    """
    wanted = all_percentiles(percents)
    if len(values) == 0:
        return _nothing(wanted)
    found = np.percentile(values, wanted).tolist()
    return _summary_of(
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
    """Like `describe`, for values that stand for `weights` observations each. Weights may be fractions.

    Percentiles are linear between the midpoints of the values' shares of the total weight.
    """
    wanted = all_percentiles(percents)
    total = float(weights.sum())
    if total <= 0:
        return _nothing(wanted)
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    middles = (np.cumsum(weights) - weights / 2) / total
    mean = float(values @ weights) / total
    std = float(np.sqrt(((values - mean) ** 2) @ weights / total))
    found = np.interp(np.array(wanted) / 100, middles, values).tolist()
    return _summary_of(round(total), mean, std, float(values[0]), float(values[-1]), wanted, found)


def describe_histogram_ms(
    histogram: Histogram, percents: Iterable[float] = (), spread: float = 1.0
) -> Figures:
    """Like `describe`, in ms, from a histogram of ns. `spread`: each value is divided among this many observations."""
    wanted = all_percentiles(percents)
    if histogram.count == 0:
        return _nothing(wanted)
    divisor = _NS_PER_MS * spread
    return _summary_of(
        round(histogram.count * spread),
        histogram.mean_ns / divisor,
        histogram.std_ns / divisor,
        histogram.min_ns / divisor,
        histogram.max_ns / divisor,
        wanted,
        [value / divisor for value in histogram.percentiles_ns(wanted)],
    )


def _summary_of(
    count: int, mean: float, std: float, low: float, high: float, percents: list[float], values: list[float]
) -> Figures:
    median = values[percents.index(50.0)]
    return _figures(count, [mean, median, std, low, high], percents, values)


def _nothing(percents: list[float]) -> Figures:
    """The figures of an empty sample. A 0 would look like a measured latency."""
    return _figures(0, [None] * 5, percents, [None] * len(percents))


def _figures(
    count: int, first: Sequence[float | None], percents: list[float], values: Sequence[float | None]
) -> Figures:
    """`first`: mean, median, std, min, max. `values`: the percentiles `percents`, which include the standard ones."""
    named = {percentile_name(percent): value for percent, value in zip(percents, values, strict=True)}
    names = ("mean", "median", "std", "min", "max")
    return cast(Figures, {"count": count, **dict(zip(names, first, strict=True)), **named})
