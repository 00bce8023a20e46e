"""Does the queue grow? The requests that are due and not yet answered, over time.

Under a load that a server can carry the backlog moves up and down around a level; under one that it
cannot, it grows for as long as the load lasts. A line fitted to the backlog would find a slope in every
random walk. So its steps are tested, which are independent for a walk, and which for a backlog that
swings around a level undo each other, so that the test errs on the side of "does not grow".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

# The window is cut into so many stretches.
STRETCHES = 12
# Growth below this share of the rate is none that a test of this length could tell from the beginning.
LEAST_SHARE = 0.01
# One-sided; what is measured again and again while load runs needs a smaller one.
LEVEL = 0.05
LIVE_LEVEL = 0.001
HOPELESS_SHARE = 0.1


@dataclass(frozen=True)
class Growth:
    """`per_s` requests more each second, of a load of `rate` a second; `p` is the chance to see this much
    without growth; `high_per_s` the upper end of the one-sided 95 % interval."""

    per_s: float
    rate: float
    p: float
    high_per_s: float

    @property
    def share(self) -> float:
        return self.per_s / self.rate if self.rate > 0 else 0.0

    @property
    def grows(self) -> bool:
        return self.p < LEVEL and self.share > LEAST_SHARE

    @property
    def clear(self) -> bool:
        """Grows, or surely by less than twice what counts."""
        return self.grows or self.high_per_s <= 2 * LEAST_SHARE * self.rate


def backlog_at(
    due_ns: NDArray[np.int64], ended_ns: NDArray[np.int64], moments_ns: NDArray[np.float64]
) -> NDArray[np.int64]:
    """How many are due and not ended at each moment. Requests that never ended have no place in `ended_ns`."""
    due = np.searchsorted(np.sort(due_ns), moments_ns, side="right")
    return due - np.searchsorted(np.sort(ended_ns), moments_ns, side="right")


def rates_of(backlog: NDArray[np.int64], stretch_s: float) -> NDArray[np.float64]:
    """How fast it grew in each of the equal stretches between the counts, requests/s."""
    return np.diff(backlog) / stretch_s


def growth(rates: NDArray[np.float64], rate: float) -> Growth:
    """The t-test of a backlog's `rates` of growth (requests/s, one a stretch) under `rate` requests/s."""
    count = len(rates)
    if count < 2:
        return Growth(0.0, rate, 1.0, math.inf)
    mean, error = float(rates.mean()), float(rates.std(ddof=1)) / count**0.5
    if error == 0:
        return Growth(mean, rate, 0.0 if mean > 0 else 1.0, mean)
    p = 1 - student_cdf(mean / error, count - 1)
    return Growth(mean, rate, p, mean + student_quantile(1 - LEVEL, count - 1) * error)


@dataclass
class BacklogWatch:
    """The backlog while load runs, to see early that there is no hope. `rate`: the load, requests/s.

    Looks from `from_ns` on, and has something to say once `enough_ns` have passed since.
    """

    rate: float
    from_ns: int
    enough_ns: int
    times_ns: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def hopeless(self, now_ns: int, backlog: int) -> bool:
        """Notes the backlog of now; True when it surely grows by more than a tenth of the load."""
        if now_ns < self.from_ns:
            return False
        self.times_ns.append(now_ns)
        self.counts.append(backlog)
        seen_ns = now_ns - self.times_ns[0]
        if seen_ns < self.enough_ns or len(self.counts) <= STRETCHES:
            return False
        edges = np.linspace(self.times_ns[0], now_ns, STRETCHES + 1)
        at = np.searchsorted(self.times_ns, edges, side="right") - 1
        found = growth(rates_of(np.array(self.counts)[at], seen_ns / STRETCHES / 1e9), self.rate)
        return found.p < LIVE_LEVEL and found.share > HOPELESS_SHARE


def student_cdf(t: float, degrees: int) -> float:
    """Student's t distribution for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan2(t, degrees**0.5)
    sine, cosine = math.sin(angle), math.cos(angle)
    if degrees % 2:
        term = total = cosine if degrees > 1 else 0.0
        for k in range(3, degrees - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            total += term
        return 0.5 + (angle + sine * total) / math.pi
    term = total = 1.0
    for k in range(2, degrees - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return 0.5 + sine * total / 2


@cache
def student_quantile(level: float, degrees: int) -> float:
    """By halving; `level` above 0.5."""
    low, high = 0.0, 1.0
    while student_cdf(high, degrees) < level:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student_cdf(middle, degrees) < level else (low, middle)
    return high
