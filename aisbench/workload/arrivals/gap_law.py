"""The gamma law of the gaps between arrivals, which includes Poisson and constant arrivals.

A process of rate r and shape k (vLLM's burstiness) has independent gaps of mean 1/r and CV 1/sqrt(k):
k = 1 is a Poisson process, k below 1 is burstier, k = inf is constant.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# Above this shape, the Wilson-Hilferty approximation is accurate to 3e-5.
_LARGE_SHAPE = 500.0
# Most order statistics to look at in a long run. The distance is then accurate to 1 / MOST_POINTS.
MOST_POINTS = 10_000
# How far, in mean gaps, the two distributions may be shifted against each other before they count as different.
# Timers are late by tens of microseconds. Without this slack, that would look like a wrong law wherever the planned
# one is steep, and any jitter at all would give constant gaps a distance of 1/2.
SLACK = 0.05


def gap_cdf(shape: float, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of all gaps that are at most `gaps`, elementwise. `gaps`: in mean gaps, an array of any shape."""
    gaps = np.maximum(np.asarray(gaps, dtype=np.float64), 0.0)
    if math.isinf(shape):
        return (gaps >= 1.0).astype(np.float64)
    return gamma_cdf(shape, shape * gaps)


def ks_distance(gaps: NDArray[np.float64], shape: float) -> float:
    """The Kolmogorov-Smirnov distance between ascending `gaps`, in mean gaps, and the gamma law of `shape`.

    This is the largest difference of the two distribution functions that a shift by `SLACK` along the axis of the
    gaps does not remove (as in the Levy metric).
    """
    n = len(gaps)
    at = np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).astype(np.int64))
    ordered = gaps[at]
    too_many = (at + 1) / n - gap_cdf(shape, ordered + SLACK)
    too_few = gap_cdf(shape, np.nextafter(ordered - SLACK, -np.inf)) - at / n
    return float(max(too_many.max(), too_few.max(), 0.0))


def gamma_cdf(shape: float, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The regularised lower incomplete gamma function P(shape, x) for x >= 0, elementwise.

    Uses the power series DLMF 8.7.1: x^a e^-x / Gamma(a + 1) * sum of x^k / ((a + 1) ... (a + k)), and 1 where x
    is so far above the shape that the rest is below 1e-12. Shapes above `_LARGE_SHAPE` use Wilson and Hilferty's
    normal approximation of (x / a)^(1/3) (1931).
    """
    x = np.asarray(x, dtype=np.float64)
    if shape == 1.0:
        return -np.expm1(-x)
    if shape > _LARGE_SHAPE:
        spread = 1 / (9 * shape)
        z = (np.cbrt(x / shape) - (1 - spread)) / math.sqrt(spread)
        return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in z.ravel()]).reshape(z.shape)
    far = x > shape + 12 * math.sqrt(shape) + 40
    near = np.where(far, 0.0, x)
    with np.errstate(divide="ignore"):
        term = np.exp(shape * np.log(near) - near - math.lgamma(shape + 1))
    total = term.copy()
    k = 0
    while float(term.max(initial=0.0)) > 1e-15 * (1 + float(total.max(initial=0.0))):
        k += 1
        term = term * near / (shape + k)
        total += term
    return np.where(far, 1.0, np.minimum(total, 1.0))
