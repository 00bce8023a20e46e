"""Confidence intervals of percentiles, between two order statistics of a sample, and of the mean of a few repetitions.

Of n independent values, the number below the true p-quantile is binomial (n, p). So the quantile lies between the l-th
and the u-th smallest value with the probability that this number is at least l and below u, for any distribution (e.g.
Hahn and Meeker, Statistical Intervals, 1991, chapter 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.statistics.distributions import binomial_ranks, student_quantile
from aisbench.analysis.statistics.figures import all_percentiles, percentile_name

_LEVEL = 0.95


def ranks(count: int, percent: float, level: float = _LEVEL) -> tuple[int, int] | None:
    """The ranks (l, u) of the interval's ends, counted from 1; None if the sample is too small for either of them."""
    low, high = side_ranks(count, percent, level)
    return None if low is None or high is None else (low, high)


def side_ranks(count: int, percent: float, level: float = _LEVEL) -> tuple[int | None, int | None]:
    """Like `ranks`, but with None for each missing end: p99 of 200 values has a lower end, but no upper one."""
    return binomial_ranks(count, percent / 100, level)


def percentile_intervals(
    values: NDArray[np.floating], percents: Iterable[float] = ()
) -> dict[str, list[float] | None]:
    """{"p99": [low, high]} for the standard percentiles and `percents`; None for those with too few `values`."""
    between = {percentile_name(percent): ranks(len(values), percent) for percent in all_percentiles(percents)}
    places = sorted({rank - 1 for ends in between.values() if ends is not None for rank in ends})
    # Puts the values of these ranks where a sort would put them.
    ordered = np.partition(values, places) if places else values
    return {
        name: None if ends is None else [float(ordered[rank - 1]) for rank in ends]
        for name, ends in between.items()
    }


def mean_interval(values: Sequence[float], level: float = _LEVEL) -> tuple[float, float] | None:
    """Student's interval of the mean of independent repetitions; None for fewer than two."""
    if len(values) < 2:
        return None
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    reach = student_quantile(0.5 + level / 2, len(values) - 1) * error
    return mean - reach, mean + reach
