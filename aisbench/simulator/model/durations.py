"""Durations: collected one by one at little cost, and counted in blocks."""

from __future__ import annotations

import numpy as np

# Counting a block of this size takes about a third of a millisecond, between two steps.
BLOCK = 4096
# Bins of the natural logarithm of ns, in thousandths: percentiles are within 0.05 %. The last is e^30 ns, or 3 hours.
_BINS_PER_E = 1000
_BINS = 30 * _BINS_PER_E


class Durations:
    """Counts durations. `append` takes one in ns, at the cost of a list append; call `count_block` regularly.

    Every duration is counted twice: since the start in the buckets of `edges_s` (cumulative when read, as Prometheus
    defines them), and since the last reset in fine bins.
    """

    def __init__(self, edges_s: tuple[float, ...]) -> None:
        self.edges_s = edges_s
        self.edges_ns = np.array(edges_s) * 1e9
        self.by_edge = np.zeros(len(edges_s) + 1, np.int64)
        self.total_ns = 0
        self.pending: list[int] = []
        self.append = self.pending.append
        self.reset()

    def reset(self) -> None:
        """Restarts `distribution`; `prometheus` goes on counting."""
        self.count()
        self.bins = np.zeros(_BINS, np.int64)
        self.n = 0
        self.sum_ns = 0
        self.max_ns = 0

    def count_block(self) -> None:
        if len(self.pending) >= BLOCK:
            self.count()

    def count(self) -> None:
        if not self.pending:
            return
        values = np.array(self.pending, np.int64)
        self.pending.clear()
        self.by_edge += np.bincount(
            np.searchsorted(self.edges_ns, values, side="left"), minlength=len(self.by_edge)
        )
        fine = np.log(np.maximum(values, 1)) * _BINS_PER_E
        np.add.at(self.bins, np.minimum(fine.astype(np.int64), _BINS - 1), 1)
        total_ns = int(values.sum())
        self.total_ns += total_ns
        self.n += len(values)
        self.sum_ns += total_ns
        self.max_ns = max(self.max_ns, int(values.max()))

    def distribution(self) -> dict[str, float]:
        """Figures since the last reset, in ms. Number, mean and max are exact, percentiles within 0.05 %."""
        self.count()
        below = np.cumsum(self.bins)

        def at(share: float) -> float:
            """The percentile, without interpolation: the lower of two neighbours."""
            bin_ = int(np.searchsorted(below, int((self.n - 1) * share), side="right"))
            return float(min(np.exp((bin_ + 0.5) / _BINS_PER_E), self.max_ns) / 1e6)

        return {
            "n": self.n,
            "mean_ms": self.sum_ns / self.n / 1e6 if self.n else 0.0,
            "p50_ms": at(0.5) if self.n else 0.0,
            "p99_ms": at(0.99) if self.n else 0.0,
            "max_ms": self.max_ns / 1e6,
        }

    def prometheus(self) -> tuple[list[tuple[str, int]], float]:
        """Since the start: for each edge and +Inf, how many durations are at most that; and the sum in seconds."""
        self.count()
        names = [*map(repr, self.edges_s), "+Inf"]
        return list(zip(names, np.cumsum(self.by_edge).tolist(), strict=True)), self.total_ns / 1e9
