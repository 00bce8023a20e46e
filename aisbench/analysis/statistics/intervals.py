"""Confidence intervals of percentiles, between two order statistics of a sample.

The number of n independent values below the true p-quantile is binomial (n, p). So the l-th and the u-th
smallest hold the quantile with the probability that this number is at least l and below u, whatever the
values' distribution is (e.g. Hahn and Meeker, Statistical Intervals, 1991, chapter 5).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.statistics.distributions import binomial_ranks
from aisbench.analysis.statistics.figures import all_percentiles, percentile_name

_LEVEL = 0.95


def ranks(count: int, percent: float, level: float = _LEVEL) -> tuple[int, int] | None:
    """(l, u), from 1 on; None where the sample is too small to have a value on both sides."""
    low, high = side_ranks(count, percent, level)
    return None if low is None or high is None else (low, high)


def side_ranks(count: int, percent: float, level: float = _LEVEL) -> tuple[int | None, int | None]:
    """As `ranks`, each by itself: a p99 of 200 values has a lower end, and no upper one."""
    return binomial_ranks(count, percent / 100, level)


def percentile_intervals(
    values: NDArray[np.floating], percents: Iterable[float] = ()
) -> dict[str, list[float] | None]:
    """{"p99": [low, high]} for every percentile that is given; None for one that `values` cannot support."""
    ordered = np.sort(values)
    found: dict[str, list[float] | None] = {}
    for percent in all_percentiles(percents):
        between = ranks(len(ordered), percent)
        found[percentile_name(percent)] = (
            None if between is None else [float(ordered[rank - 1]) for rank in between]
        )
    return found
