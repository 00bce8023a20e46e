"""Statistics of an arrival process, and the distance of its gaps from the planned law."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.arrivals.gap_law import ks_distance
from aisbench.workload.arrivals.law import NS


@dataclass(frozen=True)
class GapStatistics:
    """Statistics of an arrival process.

    `count`: number of gaps. `cv`: standard deviation of the gaps over their mean (Poisson 1, constant 0).
    `dispersion`: variance over mean of the counts in windows of ten mean gaps (Poisson 1); nan where
    fewer than ten windows fit. `ks`: distance between the distribution of the gaps and the planned law (see
    gap_law.ks_distance). `ks_limit`: a distance that a process of that law exceeds in at most one of a hundred
    runs (1.63 / sqrt(count), Kolmogorov).
    """

    count: int
    rate_rps: float
    cv: float
    dispersion: float
    ks: float
    ks_limit: float


def gap_statistics(
    times_ns: NDArray[np.int64], *, shape: float, rate_rps: float | None = None
) -> GapStatistics | None:
    """Compares arrival times with gamma gaps of `shape` (inf: constant).

    `rate_rps`: the planned rate; None: the rate that was reached. Returns None for fewer than 3 times, and for times
    that are all equal.
    """
    # They are mostly in order, which the stable sort makes use of.
    times_s = np.sort(np.asarray(times_ns), kind="stable") / NS
    if len(times_s) < 3 or times_s[-1] <= times_s[0]:
        return None
    gaps_s = np.diff(times_s)
    n = len(gaps_s)
    mean_s = float(gaps_s.mean())
    ks = ks_distance(np.sort(gaps_s) * (rate_rps or 1 / mean_s), shape)
    cv = float(gaps_s.std() / mean_s)
    return GapStatistics(n, 1 / mean_s, cv, _dispersion_index(times_s, 10 * mean_s), ks, 1.63 / math.sqrt(n))


def _dispersion_index(times_s: NDArray[np.float64], window_s: float) -> float:
    """Variance over mean of the counts in whole windows of `window_s`; nan for fewer than ten of them."""
    windows = math.floor((times_s[-1] - times_s[0]) / window_s)
    if windows < 10:
        return math.nan
    which = ((times_s - times_s[0]) / window_s).astype(np.int64)
    counts = np.bincount(which[which < windows], minlength=windows)
    return float(counts.var() / counts.mean())
