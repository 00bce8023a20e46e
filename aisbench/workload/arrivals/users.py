"""Users who take turns at a constant rate: the first turns are spread over one interval of theirs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.arrivals.gaps import check_size, check_span, most_within
from aisbench.workload.arrivals.law import NS, ArrivalLaw, Floats


@dataclass(frozen=True)
class Users(ArrivalLaw):
    """`rate_rps` requests/s, the first at once, 1/rate_rps seconds apart."""

    rate_rps: float

    @property
    def name(self) -> str:
        return "users"

    @property
    def gap_shape(self) -> float:
        return math.inf

    @property
    def steady_rate(self) -> float:
        return self.rate_rps

    @property
    def peak_rate(self) -> float:
        return self.rate_rps

    def offsets_ns(self, count: int, generator: np.random.RandomState | None = None) -> NDArray[np.int64]:
        check_size(count)
        check_span(count, count / self.rate_rps)
        offsets: NDArray[np.int64] = np.rint(np.arange(count) * (NS / self.rate_rps)).astype(np.int64)
        return offsets

    def count_within(self, duration_s: float) -> int:
        return max(1, most_within(duration_s, self.rate_rps))

    def expected(self, times_s: Floats, count: int) -> Floats:
        return np.asarray(np.minimum(times_s * self.rate_rps, count))


def asked_turns(turns: NDArray[np.int64], users: int) -> NDArray[np.int64]:
    """How many of its `turns` each session has. Number i of the first `users` sessions has (i + 1) / users of them,
    rounded up, as if the run began in the middle: so users do not all come and go at the same time."""
    asked = turns.copy()
    first = asked[:users]
    asked[:users] = np.maximum(1, (first * np.arange(1, len(first) + 1) + users - 1) // users)
    return asked
