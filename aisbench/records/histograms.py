"""Computes figures from the core's log-linear histograms, merged over workers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.histogram import BUCKET_COUNT

# Below this many ns, each ns has its own bucket; above, each power of two has 1,024 (histogram.pxd).
_LINEAR_BELOW = 2048
_PER_POWER = 1024


def _bucket_bounds() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and last ns of each bucket: the inverse of the core's `bucket_index`."""
    index = np.arange(BUCKET_COUNT, dtype=np.int64)
    shift = np.where(index < _LINEAR_BELOW, 0, index // _PER_POWER - 1)
    first = (index - shift * _PER_POWER) << shift
    return first, first + (np.int64(1) << shift) - 1


FIRST_NS, LAST_NS = _bucket_bounds()
_MIDDLE_NS = (FIRST_NS + LAST_NS) / 2


@dataclass(frozen=True)
class Histogram:
    """Counts of ns values. count, mean, std, min and max are exact; percentiles are within 1/2,048."""

    count: int
    sum_ns: int
    min_ns: int
    max_ns: int
    sum_squares: float
    buckets: NDArray[np.int64]

    @staticmethod
    def empty() -> Histogram:
        return Histogram(0, 0, 0, 0, 0.0, np.zeros(BUCKET_COUNT, np.int64))

    @staticmethod
    def of_record(record: np.void) -> Histogram:
        """From one record of HISTOGRAM_FIELDS."""
        return Histogram(
            int(record["count"]),
            int(record["sum_ns"]),
            int(record["min_ns"]),
            int(record["max_ns"]),
            float(record["sum_squares"]),
            np.array(record["buckets"], np.int64),
        )

    @staticmethod
    def of_values(values_ns: NDArray[np.int64]) -> Histogram:
        """The histogram of non-negative values, as the core makes it."""
        if len(values_ns) == 0:
            return Histogram.empty()
        index = np.searchsorted(FIRST_NS, values_ns, side="right") - 1
        return Histogram(
            len(values_ns),
            int(values_ns.sum()),
            int(values_ns.min()),
            int(values_ns.max()),
            float(np.sum(values_ns.astype(float) ** 2)),
            np.bincount(index, minlength=BUCKET_COUNT),
        )

    def plus(self, other: Histogram) -> Histogram:
        """The histogram of both together, without loss."""
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        return Histogram(
            self.count + other.count,
            self.sum_ns + other.sum_ns,
            min(self.min_ns, other.min_ns),
            max(self.max_ns, other.max_ns),
            self.sum_squares + other.sum_squares,
            self.buckets + other.buckets,
        )

    def without_zeros(self, count: int) -> Histogram:
        """Without `count` of its values of 0 ns (all of them when it holds fewer)."""
        count = min(count, int(self.buckets[0]))
        if count == 0:
            return self
        buckets = self.buckets.copy()
        buckets[0] -= count
        counted = np.flatnonzero(buckets)
        if len(counted) == 0:
            return Histogram.empty()
        least = max(self.min_ns, int(FIRST_NS[counted[0]]))
        return Histogram(self.count - count, self.sum_ns, least, self.max_ns, self.sum_squares, buckets)

    @property
    def mean_ns(self) -> float:
        return self.sum_ns / self.count if self.count else 0.0

    @property
    def std_ns(self) -> float:
        """Population standard deviation, as in numpy.std."""
        if self.count == 0:
            return 0.0
        return math.sqrt(max(0.0, self.sum_squares / self.count - self.mean_ns**2))

    def percentiles_ns(self, percents: Sequence[float]) -> list[float]:
        """Linear percentiles as in numpy.percentile, with each value taken as the middle of its bucket.

        They stay within the exact min and max, and are 0 if nothing was counted.
        """
        cumulated = np.cumsum(self.buckets)
        # A worker killed between two stores may leave `count` one ahead of the buckets, so the buckets count.
        total = int(cumulated[-1])
        if total == 0:
            return [0.0] * len(percents)
        ranks = np.asarray(percents, float) / 100 * (total - 1)
        lower = np.floor(ranks)
        below = _MIDDLE_NS[np.searchsorted(cumulated, lower, side="right")]
        above = _MIDDLE_NS[np.searchsorted(cumulated, np.ceil(ranks), side="right")]
        values = below + (above - below) * (ranks - lower)
        within: list[float] = np.clip(values, self.min_ns, self.max_ns).tolist()
        return within

    def mean_since_ns(self, before: Histogram) -> float | None:
        """The mean of the values counted since `before`, an earlier state; None if there were none."""
        count = self.count - before.count
        return (self.sum_ns - before.sum_ns) / count if count > 0 else None

    def counts_up_to(self, edges_ns: Sequence[float]) -> list[int]:
        """For each edge, how many values lie in buckets wholly at or below it."""
        cumulated = np.concatenate([[0], np.cumsum(self.buckets)])
        counts: list[int] = cumulated[np.searchsorted(LAST_NS, edges_ns, side="right")].tolist()
        return counts

    def sum_above(self, bound_ns: float) -> float:
        """The sum, ns, of the values in buckets wholly above `bound_ns`, taken as the buckets' middles."""
        begin = int(np.searchsorted(FIRST_NS, bound_ns, side="right"))
        return float(self.buckets[begin:] @ _MIDDLE_NS[begin:])

    def count_above(self, bound_ns: float) -> int:
        """How many values lie in buckets wholly above `bound_ns`."""
        return int(self.buckets[np.searchsorted(FIRST_NS, bound_ns, side="right") :].sum())
