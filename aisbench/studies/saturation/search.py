"""Chooses the next load: doubling until one fails, then between the last that passes and the first that does not.

Nothing here runs anything: from the points so far follows the next load, or the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from aisbench.shares import Z_95
from aisbench.studies.saturation.knee import Curve
from aisbench.studies.saturation.settings import Settings
from aisbench.studies.saturation.step import Point

# A doubling of the requests in flight that brings less throughput than this was the last one.
_PLATEAU_GAIN = 0.05
# A server that did this many times as much elsewhere as under overload is slowed down by overload.
_SLOWED = 1.1
# Where the lowest load that fails is the highest that was measured, so many times as much has to fail as well.
_PROVING = 1.5
_REFUTED = 0.5
# The knee's neighbours on the curve are no further than this from it.
KNEE_RATIO = 1.5


@dataclass(frozen=True)
class Plan:
    """`over`: rate or concurrency. `loads`: exactly these, once each; else a search that starts at `start`.

    The search ends when the bracket is narrower than `tolerance` (relative), and both ends are clear or
    measured `repeats` times. `most`: no load above it. `bounded`: there is a bound on a latency to fail.
    """

    over: str
    start: float
    tolerance: float
    repeats: int
    most: float = math.inf
    loads: tuple[float, ...] = ()
    bounded: bool = False

    @staticmethod
    def of(settings: Settings, start: float) -> Plan:
        """`start` is what was found where none was given."""
        return Plan(
            settings.over,
            start if settings.start is None else settings.start,
            settings.tolerance,
            settings.repeats,
            most=math.inf if settings.most is None else settings.most,
            loads=settings.sweep,
            bounded=settings.bounds_latency,
        )

    @property
    def whole(self) -> bool:
        """Loads are whole numbers."""
        return self.over == "concurrency"


@dataclass(frozen=True)
class Next:
    """The load to measure; None when the search is over. `why` in words."""

    load: float | None
    why: str


@dataclass(frozen=True)
class Bracket:
    """The highest load that passes below all that fail, and the lowest that fails."""

    low: Point | None
    high: Point | None

    @staticmethod
    def of(points: list[Point]) -> Bracket:
        failing = [point for point in points if not point.passes]
        high = min(failing, key=lambda point: point.load, default=None)
        passing = [point for point in points if point.passes and (high is None or point.load < high.load)]
        return Bracket(max(passing, key=lambda point: point.load, default=None), high)


def next_load(plan: Plan, points: list[Point]) -> Next:
    """`points`: one for each load that was measured, in any order."""
    if plan.loads:
        return _next_of_list(plan, points)
    found = _next_towards_answer(plan, points)
    return found if found.load is not None else _next_towards_knee(plan, points, found)


def _next_towards_answer(plan: Plan, points: list[Point]) -> Next:
    bracket = Bracket.of(points)
    low, high = bracket.low, bracket.high
    if low is None and high is None:
        return Next(_rounded(plan, plan.start), "the first load")
    if high is None:
        assert low is not None
        return _upwards(plan, points, low)
    doubted = contradicted(plan, points, high)
    if doubted is not None:
        return Next(doubted.load, "a higher load passed: this one again")
    if not high.clear and high.runs < plan.repeats:
        return Next(high.load, "it may have failed by chance: once more")
    if high.hardly_overloaded and high.load == max(point.load for point in points) and high.load < plan.most:
        more = min(_PROVING * high.load, plan.most)
        return Next(_rounded(plan, more), "a queue that grew a little: does it grow with more load?")
    if low is None:
        return _downwards(plan, points, high)
    return between(plan, points, low, high)


def _next_of_list(plan: Plan, points: list[Point]) -> Next:
    done = {point.load: point.runs for point in points}
    for runs in range(plan.repeats):
        for load in plan.loads:
            if done.get(load, 0) <= runs:
                return Next(load, f"number {runs + 1} of {plan.repeats} at this load")
    return Next(None, "all loads were measured")


def _upwards(plan: Plan, points: list[Point], low: Point) -> Next:
    if low.load >= plan.most:
        return settle(plan, [low], f"the highest load that was allowed ({plan.most:g}) passes")
    if plan.over == "concurrency" and not plan.bounded and _has_plateau(points):
        return Next(None, f"twice the requests in flight bring less than {_PLATEAU_GAIN:.0%} more throughput")
    return Next(_rounded(plan, min(2 * low.load, plan.most)), "all loads so far pass: twice as much")


def _has_plateau(points: list[Point]) -> bool:
    ordered = sorted(points, key=lambda point: point.load)
    if len(ordered) < 2:
        return False
    before, last = ordered[-2:]
    return last.load >= 2 * before.load and last.throughput < (1 + _PLATEAU_GAIN) * before.throughput


def contradicted(plan: Plan, points: list[Point], high: Point) -> Point | None:
    """The failing load below one that passes, as long as it may be measured again."""
    above = any(point.passes and point.load > high.load for point in points)
    return high if above and high.runs < plan.repeats else None


def _downwards(plan: Plan, points: list[Point], high: Point) -> Next:
    if high.is_lone:
        return settle(plan, [high], "not even requests that are alone in the server meet the SLO")
    guess = high.capacity
    if guess is not None and guess * (1 - plan.tolerance) < high.load / 2:
        return Next(
            _rounded(plan, guess * (1 - plan.tolerance)), "just below what the overloaded server got done"
        )
    return Next(_rounded(plan, high.load / 2), "no load passes so far: half as much")


def between(plan: Plan, points: list[Point], low: Point, high: Point) -> Next:
    if high.load <= low.load * (1 + plan.tolerance) or (plan.whole and high.load - low.load <= 1):
        return settle(plan, [low, high], f"{low.load:g} passes and {high.load:g} does not")
    guess = high.capacity
    if guess is not None:
        for load in (guess * (1 - plan.tolerance), guess * (1 + plan.tolerance)):
            # Only where it shortens the bracket.
            if low.load * (1 + plan.tolerance / 2) < load < high.load / (1 + plan.tolerance / 2):
                return Next(_rounded(plan, load), "beside what the overloaded server got done")
    return Next(
        _rounded(plan, math.sqrt(low.load * high.load)), "between a load that passes and one that does not"
    )


def settle(plan: Plan, ends: list[Point], why: str) -> Next:
    """Measures what is not clear once more, the one with fewer runs first; then it is over."""
    unclear = [point for point in ends if not point.clear and point.runs < plan.repeats]
    if unclear:
        return Next(min(unclear, key=lambda point: point.runs).load, "not clear by chance: once more")
    return Next(None, why)


def _next_towards_knee(plan: Plan, points: list[Point], answered: Next) -> Next:
    """Loads below the answer, where the curve is still to show its knee; else `answered`."""
    curve = Curve.of(points)
    if not curve.has_power or Bracket.of(points).low is None:
        return answered
    if curve.knee is None:
        return Next(_rounded(plan, curve.loads[0] / 2), "the knee may lie below: half of the lowest load")
    below, above = curve.knee.between
    for one, other in ((below, curve.knee.load), (curve.knee.load, above)):
        if one is not None and other is not None and curve.power(other) > 0 and other > KNEE_RATIO * one:
            between = _rounded(plan, math.sqrt(one * other))
            if one < between < other:
                return Next(between, "beside the greatest power: the knee more closely")
    return answered


def done_under_overload(points: list[Point]) -> float | None:
    """What the server got done, requests/s, where its backlog surely grew. None: it never did."""
    overloaded = [point for point in points if point.surely_overloaded and point.done_per_s > 0]
    if not overloaded:
        return None
    seconds = sum(point.seconds for point in overloaded)
    return sum(point.done_per_s * point.seconds for point in overloaded) / seconds


def _capacity_of(points: list[Point], sounded: float | None) -> float | None:
    """What the server can complete, requests/s, by what it did under overload. None where that does not tell: it was
    never overloaded, or it surely did more at another load or when it was `sounded`, so that overload slows it down."""
    capacity = done_under_overload(points)
    if capacity is None:
        return None
    surely = [point.done_per_s - Z_95 * (point.done_per_s / point.seconds) ** 0.5 for point in points]
    return None if max([*surely, sounded or 0.0]) > _SLOWED * capacity else capacity


def informed(points: list[Point], sounded: float | None = None) -> list[Point]:
    """Each point told what the others show: what the server can do, and whether more load refutes that its queue grows.
    `sounded`: requests/s that the server did in closed loop."""
    points = [replace(point, refuted=_is_refuted(point, points)) for point in points]
    capacity = _capacity_of(points, sounded)
    return [replace(point, capacity=capacity) for point in points]


def _is_refuted(point: Point, points: list[Point]) -> bool:
    """Were a load too much, the queue would grow by all that a higher one is above it; where it surely does so by less
    than half of that, the growth was chance."""
    return any(
        other.growth is not None and other.growth.high_per_s < _REFUTED * (other.load - point.load)
        for other in points
        if other.load > point.load
    )


def _rounded(plan: Plan, load: float) -> float:
    """Loads that people can read: whole requests in flight, rates of four digits."""
    return float(max(1, round(load))) if plan.whole else float(f"{load:.4g}")
