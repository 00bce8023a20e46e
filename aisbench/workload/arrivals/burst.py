"""Bursts: several requests at once, at a fixed interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aisbench.workload.arrivals.law import Floats
from aisbench.workload.arrivals.moving import Moving


@dataclass(frozen=True)
class Burst(Moving):
    """`size` requests at once every `every_s` seconds, from 0 on; nothing is random."""

    size: int
    every_s: float
    name = "burst"
    gap_shape = None

    @property
    def peak_rate(self) -> float:
        return self.size / min(self.every_s, 1.0)

    def expected(self, times_s: Floats, count: int = 0) -> Floats:
        return self.size * np.maximum(1.0, np.ceil(times_s / self.every_s * (1 - 1e-12)))

    def operational(self, count: int, generator: np.random.RandomState | None) -> Floats:
        return np.arange(1.0, count + 1)

    def times_s(self, operational: Floats) -> Floats:
        """`operational`: 1 for the first request, 2 for the second."""
        return np.floor((operational - 1) / self.size) * self.every_s
