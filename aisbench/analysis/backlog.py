"""Tests whether the queue grows: compares the requests that come due with those that end.

Under a load that the server can carry, the backlog moves up and down around a level. Under a higher load it grows for
as long as the load lasts. A line fitted to the backlog would find a slope in every random walk, so the test uses the
steps of the backlog instead. In a random walk they are independent. In a backlog that swings around a level they cancel
each other, so the test errs towards "does not grow".

Most of the movement comes from the randomness of the arrivals, and their true rate is known from the plan. Arrivals
therefore serve as a control variate (e.g. Law, Simulation Modeling and Analysis, 5th ed., 11.4): the growth in each
stretch is regressed on how many more requests than planned came due in it, and evaluated at the planned rate. A server
that keeps up completes whatever came due, and one that does not completes what it can. Little randomness is left in
either case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.progress import Progress
from aisbench.analysis.statistics.distributions import student_cdf, student_quantile

# Number of stretches in a window.
STRETCHES = 12
# Growth below this share of the rate cannot be told from the filling of the server at the start.
_LEAST_SHARE = 0.01
# One-sided. A result that must be certain, or that is tested repeatedly during a run, needs the smaller level.
_LEVEL = 0.05
_SURE_LEVEL = 0.001
_HOPELESS_SHARE = 0.1
# A standard error below this share of the rate is only rounding.
_EXACT = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Growth:
    """Growth of the backlog by `per_s` requests/s under a load of `rate` requests/s. `p`: the probability of seeing
    this much without growth. `high_per_s`: the upper end of the one-sided 95 % interval."""

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
        """Whether the backlog certainly grows, or certainly grows by less than twice the smallest share that counts."""
        if self.grows:
            return self.p < _SURE_LEVEL
        return self.high_per_s <= 2 * _LEAST_SHARE * self.rate


@dataclass(frozen=True)
class Flow:
    """Requests/s that came `due` and that were `done` in each of the equal stretches of one or several windows; both of
    shape (stretches,)."""

    due: Floats
    done: Floats

    @staticmethod
    def none() -> Flow:
        return Flow(np.zeros(0), np.zeros(0))

    @staticmethod
    def within(due_ns: NDArray[np.int64], progress: Progress, begin_ns: int, end_ns: int) -> Flow:
        """The flow between `begin_ns` and `end_ns`, in STRETCHES stretches."""
        edges = np.linspace(begin_ns, end_ns, STRETCHES + 1)
        stretch_s = (end_ns - begin_ns) / STRETCHES / 1e9
        return Flow(np.histogram(due_ns, edges)[0] / stretch_s, np.diff(progress.until(edges)) / stretch_s)

    def at(self, factor: float) -> Flow:
        """The flow scaled to `factor` times the load."""
        return Flow(factor * self.due, factor * self.done)

    @staticmethod
    def pooled(flows: Sequence[Flow]) -> Flow:
        return Flow(np.concatenate([f.due for f in flows]), np.concatenate([f.done for f in flows]))


def growth(flow: Flow, rate: float) -> Growth:
    """A t-test of how fast the backlog grows under `rate` requests/s, with arrivals as the control variate."""
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
    """Watches the backlog during a run, to find early that a server cannot carry `rate` requests/s.

    Watches from `from_ns` on, and decides at the earliest after another `enough_ns`.
    """

    rate: float
    from_ns: int
    enough_ns: int
    times_ns: list[int] = field(default_factory=list)
    due: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)

    def hopeless(self, now_ns: int, due: int, ended: int) -> bool:
        """Records how many requests came `due` and `ended` so far. True if the backlog certainly grows by more than a
        tenth of the load."""
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
        if not lengths_s.all():
            # Nothing was recorded within one of the stretches.
            return False
        flow = Flow(*(np.diff(np.array(counts)[at]) / lengths_s for counts in (self.due, self.ended)))
        if np.count_nonzero(flow.done) < STRETCHES // 2:
            # Whole batches end at once, and too few have ended so far.
            return False
        found = growth(flow, self.rate)
        return found.p < _SURE_LEVEL and found.share > _HOPELESS_SHARE
