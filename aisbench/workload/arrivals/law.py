"""The interface of arrival laws, which decide before a run starts when each of its requests leaves.

`RunConfig.arrival_law` makes the law that a run's options describe; a recorded data set has its own (`trace`).
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NS = 1_000_000_000
# The plan is held in memory, 8 bytes for each request.
MOST_REQUESTS = 200_000_000
# Offsets are int64 ns, which reach to 292 years.
LONGEST_S = 100 * 365 * 86_400.0
# 0.29 s at 100 requests/s is 29 requests, but 28.999999999999996 in floating point.
ROUNDING = 1 + 1e-12


class ArrivalLaw(ABC):
    """Rates are in requests/s, times in seconds from the start. `count` is the number of requests in the plan.

    `gap_shape`: the gamma shape of the gaps (1: Poisson, inf: constant); None: gaps are not drawn from a law.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name in reports: constant, poisson, gamma, burst or trace."""

    @property
    @abstractmethod
    def gap_shape(self) -> float | None: ...

    @property
    @abstractmethod
    def peak_rate(self) -> float:
        """The highest rate; inf where nothing bounds it."""

    @property
    def steady_rate(self) -> float | None:
        """The rate, where it is the same throughout; else None."""
        return None

    @abstractmethod
    def offsets_ns(self, count: int, generator: np.random.RandomState | None = None) -> NDArray[np.int64]:
        """When each of `count` requests leaves, in ns from the start, shape (count,), ascending.

        `generator`: draws the gaps; None: a new one with the run's seed.
        Raises BadInput for a plan that is too large to keep, too long to run, or has no end.
        """

    @abstractmethod
    def count_within(self, duration_s: float) -> int:
        """How many requests are expected to leave within `duration_s`; at least one. Raises BadInput for too many."""

    @abstractmethod
    def expected(self, times_s: Floats, count: int) -> Floats:
        """How many requests are expected to have left by `times_s`, elementwise."""

    def rate_at(self, edges_s: Floats, count: int) -> Floats | None:
        """The expected rate between neighbouring `edges_s`, nan after the plan's end; None where no law is known."""
        return np.asarray(np.diff(self.expected(edges_s, count)) / np.diff(edges_s))

    def unit_times(self, offsets_ns: NDArray[np.int64]) -> Floats | None:
        """A plan's times on an axis on which its rate is 1; None where gaps are not drawn from a law."""
        return None if self.gap_shape is None else self.expected(offsets_ns / NS, len(offsets_ns))

    @property
    def ramp_facts(self) -> dict[str, Any] | None:
        """The fields of a ramp in run.json; None for other laws."""
        return None


def plan_fingerprint(offsets_ns: NDArray[np.int64]) -> str:
    """sha256 of the offsets as little-endian int64."""
    return hashlib.sha256(np.ascontiguousarray(offsets_ns, dtype="<i8").tobytes()).hexdigest()
