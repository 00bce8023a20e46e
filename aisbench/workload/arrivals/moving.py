"""Rates that change with time: steps, series and sines.

Each plan is made from a process of unit rate. Let R(t) be the number of requests expected by time t, the integral of
the rate. An arrival of the unit process at u then leaves at the t where R(t) = u. On the axis of u, the gaps keep
their law.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.arrivals.gaps import Gaps
from aisbench.workload.arrivals.law import LONGEST_S, MOST_REQUESTS, NS, ROUNDING, ArrivalLaw, Floats
from aisbench.workload.arrivals.steady import Steady

# Halvings of a bracket, after which it is narrower than the resolution of a float.
_HALVINGS = 60


class Moving(ArrivalLaw):
    """A rate that changes over time. The last of n requests leaves when n are expected to have left."""

    gaps: Gaps

    @property
    def name(self) -> str:
        return self.gaps.name

    @property
    def gap_shape(self) -> float | None:
        return self.gaps.shape

    @abstractmethod
    def times_s(self, operational: Floats) -> Floats:
        """When the expected number of requests reaches `operational`, elementwise; inf where it never does."""

    def operational(self, count: int, generator: np.random.RandomState | None) -> Floats:
        """A process of unit rate, shape (count,), that ends at `count`."""
        return np.minimum(Steady(1.0, self.gaps).offsets_ns(count, generator) / NS, count)

    def offsets_ns(self, count: int, generator: np.random.RandomState | None = None) -> NDArray[np.int64]:
        times_s = self.times_s(self.operational(count, generator))
        if count and not times_s[-1] <= LONGEST_S:
            raise BadInput(
                f"the rate ends at 0 before {count} requests have left; give a lower --num-requests, or --duration"
            )
        return np.rint(times_s * NS).astype(np.int64)

    def count_within(self, duration_s: float) -> int:
        expected = float(self.expected(np.array(duration_s), 0))
        if expected > MOST_REQUESTS:
            raise BadInput(
                f"--duration {duration_s:g} s of this traffic is {expected:.3g} requests (at most {MOST_REQUESTS}); "
                "give a shorter one"
            )
        return max(1, math.floor(expected * ROUNDING))


@dataclass(frozen=True)
class Pieces(Moving):
    """Pieces in which the rate goes linearly from `from_rps` to `to_rps`.

    Piece i lasts from `starts_s[i]` to `starts_s[i + 1]`, so `starts_s` has one entry more than the rates. After the
    last piece, the rate stays at its `to_rps`.
    """

    starts_s: tuple[float, ...]
    from_rps: tuple[float, ...]
    to_rps: tuple[float, ...]
    gaps: Gaps = field(default_factory=Gaps)

    @property
    def peak_rate(self) -> float:
        return max(*self.from_rps, *self.to_rps)

    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The starts, the rates there, the slopes after them, and the number of requests expected by each start."""
        starts = np.array(self.starts_s)
        begin, end, spans = np.array(self.from_rps), np.array(self.to_rps), np.diff(starts)
        reached = np.concatenate([[0.0], np.cumsum((begin + end) / 2 * spans)])
        return starts, np.append(begin, end[-1]), np.append((end - begin) / spans, 0.0), reached

    def expected(self, times_s: Floats, count: int = 0) -> Floats:
        starts, rates, slopes, reached = self.arrays()
        at = np.searchsorted(starts, times_s, side="right") - 1
        past = times_s - starts[at]
        return np.asarray(reached[at] + rates[at] * past + slopes[at] * past**2 / 2)

    def times_s(self, operational: Floats) -> Floats:
        starts, rates, slopes, reached = self.arrays()
        # side="left": no request leaves in a piece of rate 0, and an arrival at its edge leaves before it.
        at = np.maximum(np.searchsorted(reached, operational, side="left") - 1, 0)
        left, rate = operational - reached[at], rates[at]
        # The root of slope/2 x^2 + rate x = left, in the form that also holds for a slope of 0.
        root = np.sqrt(np.maximum(rate**2 + 2 * slopes[at] * left, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            past = np.where(left > 0, 2 * left / (rate + root), 0.0)
        return np.asarray(starts[at] + past)


@dataclass(frozen=True)
class Sine(Moving):
    """A rate of mean + amplitude * sin(2 pi t / period); the amplitude is at most the mean."""

    mean_rps: float
    amplitude_rps: float
    period_s: float
    gaps: Gaps = field(default_factory=Gaps)

    @property
    def peak_rate(self) -> float:
        return self.mean_rps + self.amplitude_rps

    def expected(self, times_s: Floats, count: int = 0) -> Floats:
        turn = 2 * math.pi / self.period_s
        return self.mean_rps * times_s + self.amplitude_rps / turn * (1 - np.cos(turn * times_s))

    def times_s(self, operational: Floats) -> Floats:
        high = operational / self.mean_rps
        low = np.maximum(high - self.amplitude_rps * self.period_s / math.pi / self.mean_rps, 0.0)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self.expected(middle) < operational
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(high)
