"""A rate that moves from one value to another over the requests of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.arrivals.gaps import Gaps, check_size, check_span, most_within
from aisbench.workload.arrivals.law import NS, ArrivalLaw, Floats

# Up to this many requests, the span of a ramp is added up term by term.
_EXACT_SUM = 100_000


@dataclass(frozen=True)
class Ramp(ArrivalLaw):
    """From `from_rps` to `to_rps`, both above 0. `strategy`: linear or exponential.

    As in vLLM, the rate depends on a request's index, not on time, and the drawn gaps are not stretched to a given
    total.
    """

    strategy: str
    from_rps: float
    to_rps: float
    gaps: Gaps = field(default_factory=Gaps)

    @property
    def name(self) -> str:
        return self.gaps.name

    @property
    def gap_shape(self) -> float:
        return self.gaps.shape

    @property
    def peak_rate(self) -> float:
        return max(self.from_rps, self.to_rps)

    def rates(self, count: int) -> Floats:
        """The rate at each request, shape (count,).

        With p = i / max(count - 1, 1): from + (to - from) * p, or from * (to / from)^p.
        """
        progress = np.arange(count) / max(count - 1, 1)
        if self.strategy == "linear":
            return self.from_rps + (self.to_rps - self.from_rps) * progress
        return self.from_rps * (self.to_rps / self.from_rps) ** progress

    @property
    def mean_gap_s(self) -> float:
        """The mean of 1/rate over the ramp: ln(b/a)/(b-a) for linear, (1/a-1/b)/ln(b/a) for exponential."""
        a, b = self.from_rps, self.to_rps
        if math.isclose(a, b):
            return 1 / a
        ratio = math.log(b / a)
        return ratio / (b - a) if self.strategy == "linear" else (1 / a - 1 / b) / ratio

    def span_s(self, count: int) -> float:
        """When the last of `count` requests is expected to leave: the sum of 1/rate over them.

        Long runs use the trapezoidal rule, solved for the sum: (count - 1) * mean_gap_s + (1/from + 1/to) / 2.
        """
        if count <= _EXACT_SUM:
            return float((1 / self.rates(count)).sum())
        return (count - 1) * self.mean_gap_s + (1 / self.from_rps + 1 / self.to_rps) / 2

    def offsets_ns(self, count: int, generator: np.random.RandomState | None = None) -> NDArray[np.int64]:
        check_size(count)
        check_span(count, self.span_s(count))
        offsets_s = self.gaps.summed_s(self.rates(count), generator)
        self.gaps.check_sum(offsets_s)
        return np.rint(offsets_s * NS).astype(np.int64)

    def count_within(self, duration_s: float) -> int:
        """The largest count whose last request is expected within `duration_s`; at least one."""
        few, many = 0, most_within(duration_s, self.peak_rate) + 1
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (middle, many) if self.span_s(middle) <= duration_s else (few, middle)
        return max(1, few)

    def expected(self, times_s: Floats, count: int) -> Floats:
        due_s = np.cumsum(1 / self.rates(count))
        expected: Floats = np.interp(times_s, np.append(0.0, due_s), np.arange(count + 1.0))
        return expected

    def rate_at(self, edges_s: Floats, count: int) -> Floats:
        rates, middle = self.rates(count), (edges_s[1:] + edges_s[:-1]) / 2
        return np.asarray(np.interp(middle, np.cumsum(1 / rates), rates, right=np.nan))

    def unit_times(self, offsets_ns: NDArray[np.int64]) -> Floats:
        """Scales each gap by the rate that it was drawn with."""
        return np.cumsum(np.diff(offsets_ns / NS, prepend=0.0) * self.rates(len(offsets_ns)))

    @property
    def ramp_facts(self) -> dict[str, Any]:
        return {"strategy": self.strategy, "from_rps": self.from_rps, "to_rps": self.to_rps}
