"""Arrivals at the times that a recorded data set contains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.arrivals.law import NS, ArrivalLaw, Floats


@dataclass(frozen=True, eq=False)
class Trace(ArrivalLaw):
    """`recorded_ns`: when each request, or each conversation's first turn, leaves, in ns from the start, ascending."""

    recorded_ns: NDArray[np.int64]
    name = "trace"
    gap_shape = None
    # Any number of requests may be recorded for one moment.
    peak_rate = math.inf

    def offsets_ns(self, count: int, generator: np.random.RandomState | None = None) -> NDArray[np.int64]:
        return self.recorded_ns[:count]

    def count_within(self, duration_s: float) -> int:
        return max(1, int(np.searchsorted(self.recorded_ns, duration_s * NS, side="right")))

    def expected(self, times_s: Floats, count: int) -> Floats:
        left = np.searchsorted(self.recorded_ns[:count], times_s * NS, side="right")
        return np.asarray(left, np.float64)

    def rate_at(self, edges_s: Floats, count: int) -> None:
        return None
