"""A steady rate, with constant, Poisson or gamma gaps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.arrivals.gaps import Gaps, check_size, check_span, most_within
from aisbench.workload.arrivals.law import NS, ArrivalLaw, Floats


@dataclass(frozen=True)
class Steady(ArrivalLaw):
    """`rate_rps` requests/s throughout; inf: all at once.

    As in vLLM, the drawn gaps are stretched so that the last request leaves at exactly count / rate.
    """

    rate_rps: float
    gaps: Gaps = field(default_factory=Gaps)

    @property
    def name(self) -> str:
        return self.gaps.name

    @property
    def gap_shape(self) -> float:
        return self.gaps.shape

    @property
    def steady_rate(self) -> float:
        return self.rate_rps

    @property
    def peak_rate(self) -> float:
        return self.rate_rps

    def offsets_ns(self, count: int, generator: np.random.RandomState | None = None) -> NDArray[np.int64]:
        check_size(count)
        if math.isinf(self.rate_rps):
            return np.zeros(count, dtype=np.int64)
        check_span(count, count / self.rate_rps)
        offsets_s = self.gaps.summed_s(np.full(count, float(self.rate_rps)), generator)
        if count and offsets_s[-1] > 0:
            offsets_s *= (count / self.rate_rps) / offsets_s[-1]
        self.gaps.check_sum(offsets_s)
        return np.rint(offsets_s * NS).astype(np.int64)

    def count_within(self, duration_s: float) -> int:
        return max(1, most_within(duration_s, self.rate_rps))

    def expected(self, times_s: Floats, count: int) -> Floats:
        return np.asarray(times_s * self.rate_rps)

    def rate_at(self, edges_s: Floats, count: int) -> Floats:
        middle = (edges_s[1:] + edges_s[:-1]) / 2
        return np.where(middle <= count / self.rate_rps, self.rate_rps, np.nan)
