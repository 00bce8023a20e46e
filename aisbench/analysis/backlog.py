"""Growth of the queue: requests that come due against requests that end, over time.

Under a load that a server can carry the backlog moves up and down around a level; under one that it
cannot, it grows for as long as the load lasts. A line fitted to the backlog would find a slope in every
random walk. So its steps are tested, which are independent for a walk, and which for a backlog that
swings around a level undo each other, so that the test errs on the side of "does not grow".

Most of what moves a backlog is the chance of the arrivals, whose true rate is known: it was asked for. So they
are a control variate (e.g. Law, Simulation Modeling and Analysis, 5th ed., 11.4): the growth of each stretch is
regressed on how many more requests than asked came due in it, and taken at the asked rate. A server that keeps
up does what came due, whatever that was, and one that does not does what it can: either way little chance is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.progress import Progress
from aisbench.analysis.statistics.distributions import student_cdf, student_quantile

# The window is cut into so many stretches.
STRETCHES = 12
# Growth below this share of the rate is none that a test of this length could tell from the beginning.
_LEAST_SHARE = 0.01
# One-sided. What is surely so, or is looked at again and again while load runs, needs a smaller one.
_LEVEL = 0.05
_SURE_LEVEL = 0.001
_HOPELESS_SHARE = 0.1
# An error below this share of the rate is the rounding of numbers.
_EXACT = 1e-9

Floats = NDArray[np.float64]


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
        return self.p < _LEVEL and self.share > _LEAST_SHARE

    @property
    def clear(self) -> bool:
        """Surely grows, or surely by less than twice what counts."""
        if self.grows:
            return self.p < _SURE_LEVEL
        return self.high_per_s <= 2 * _LEAST_SHARE * self.rate


@dataclass(frozen=True)
class Flow:
    """Requests/s that came `due` and that were dealt with (`done`) in each of the equal stretches of a window, or of
    several windows; both of shape (stretches,)."""

    due: Floats
    done: Floats

    @staticmethod
    def none() -> Flow:
        return Flow(np.zeros(0), np.zeros(0))

    @staticmethod
    def within(due_ns: NDArray[np.int64], progress: Progress, begin_ns: int, end_ns: int) -> Flow:
        """What lies outside does not count."""
        edges = np.linspace(begin_ns, end_ns, STRETCHES + 1)
        stretch_s = (end_ns - begin_ns) / STRETCHES / 1e9
        return Flow(np.histogram(due_ns, edges)[0] / stretch_s, np.diff(progress.until(edges)) / stretch_s)

    def at(self, factor: float) -> Flow:
        """The same of `factor` times the load."""
        return Flow(factor * self.due, factor * self.done)

    @staticmethod
    def pooled(flows: Sequence[Flow]) -> Flow:
        return Flow(np.concatenate([f.due for f in flows]), np.concatenate([f.done for f in flows]))


def growth(flow: Flow, rate: float) -> Growth:
    """The t-test of how fast the backlog grows under `rate` requests/s, arrivals being the control variate."""
    count = len(flow.due)
    if count < 4:
        return Growth(0.0, rate, 1.0, math.inf)
    grown, surplus = flow.due - flow.done, flow.due - rate
    spread = float(np.sum((surplus - surplus.mean()) ** 2))
    slope, degrees = 0.0, count - 1
    if spread > 0:
        slope = float(np.sum((surplus - surplus.mean()) * grown)) / spread
        degrees = count - 2
    per_s = float(grown.mean() - slope * surplus.mean())
    rest = grown - per_s - slope * surplus
    variance = float(np.sum(rest**2)) / degrees
    error = math.sqrt(variance * (1 / count + (float(surplus.mean()) ** 2 / spread if spread > 0 else 0.0)))
    if error <= _EXACT * rate:
        return Growth(per_s, rate, 0.0 if per_s > _EXACT * rate else 1.0, per_s)
    p = 1 - student_cdf(per_s / error, degrees)
    return Growth(per_s, rate, p, per_s + student_quantile(1 - _LEVEL, degrees) * error)


@dataclass
class BacklogWatch:
    """The backlog while load runs, to see early that there is no hope. `rate`: the load, requests/s.

    Looks from `from_ns` on, and has something to say once `enough_ns` have passed since.
    """

    rate: float
    from_ns: int
    enough_ns: int
    times_ns: list[int] = field(default_factory=list)
    due: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)

    def hopeless(self, now_ns: int, due: int, ended: int) -> bool:
        """Notes how many came due and ended so far; True when the backlog surely grows by more than a tenth of the load."""
        if now_ns < self.from_ns:
            return False
        self.times_ns.append(now_ns)
        self.due.append(due)
        self.ended.append(ended)
        seen_ns = now_ns - self.times_ns[0]
        if seen_ns < self.enough_ns or len(self.times_ns) <= STRETCHES:
            return False
        edges = np.linspace(self.times_ns[0], now_ns, STRETCHES + 1)
        at = np.searchsorted(self.times_ns, edges, side="right") - 1
        lengths_s = np.diff(np.array(self.times_ns)[at]) / 1e9
        flow = Flow(*(np.diff(np.array(counts)[at]) / lengths_s for counts in (self.due, self.ended)))
        if np.count_nonzero(flow.done) < STRETCHES // 2:
            # Whole batches end at once, and few of them so far.
            return False
        found = growth(flow, self.rate)
        return found.p < _SURE_LEVEL and found.share > _HOPELESS_SHARE
