"""Distributions, intervals and fits that the standard library lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

# The binomial distribution is computed only within this many standard deviations of its mean.
_SPREAD = 12


def student_cdf(t: float, degrees: int) -> float:
    """P(T <= t) of Student's t distribution for integer degrees of freedom (Abramowitz and Stegun 26.7.3, 26.7.4)."""
    angle = math.atan2(t, degrees**0.5)
    sine, cosine = math.sin(angle), math.cos(angle)
    if degrees % 2:
        term = total = cosine if degrees > 1 else 0.0
        for k in range(3, degrees - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        return 0.5 + (angle + sine * total) / math.pi
    term = total = 1.0
    for k in range(2, degrees - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return 0.5 + sine * total / 2


@cache
def student_quantile(level: float, degrees: int) -> float:
    """The quantile of Student's t distribution, by bisection; `level` above 0.5."""
    low, high = 0.0, 1.0
    while student_cdf(high, degrees) < level:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student_cdf(middle, degrees) < level else (low, middle)
    return high


# The metrics of a run ask for the same percentiles of as many values.
@lru_cache(maxsize=256)
def binomial_ranks(count: int, p: float, level: float) -> tuple[int | None, int | None]:
    """The ranks (l, u), counted from 1, of the order statistics of `count` values between which the p-quantile lies.

    The number of values below the quantile is binomial. Each side misses it with a probability of at most
    (1 - level) / 2. A side is None if the sample is too small: 200 values have a lower end for p99, but no upper one.
    """
    if count == 0 or not 0 < p < 1:
        return None, None
    spread = _SPREAD * math.sqrt(count * p * (1 - p)) + _SPREAD
    first, last = max(0, math.floor(count * p - spread)), min(count, math.ceil(count * p + spread))
    numbers = np.arange(first, last + 1)
    logs = np.array(
        [math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) for k in numbers]
    )
    below = np.cumsum(np.exp(logs + numbers * math.log(p) + (count - numbers) * math.log1p(-p)))
    # P(number < l) <= (1 - level) / 2, and P(number < u) >= 1 - (1 - level) / 2.
    low = first + int(np.searchsorted(below, (1 - level) / 2, side="right"))
    high = first + int(np.searchsorted(below, 1 - (1 - level) / 2)) + 1
    return low if low >= 1 else None, high if high <= count else None


def never_falling(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The weighted least-squares fit that never falls, by pooling adjacent violators (e.g. Barlow et al., Statistical
    Inference under Order Restrictions, 1972, 1.2)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (low, of_low, many), (high, of_high, more) = blocks[-2:]
            mean = (low * of_low + high * of_high) / (of_low + of_high)
            blocks[-2:] = [(mean, of_low + of_high, many + more)]
    return [value for value, _, count in blocks for _ in range(count)]
