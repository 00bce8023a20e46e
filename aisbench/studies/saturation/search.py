"""Chooses the next load: doubles it until one fails, then tries loads between the last to pass and the first to fail.

Nothing is run here: the next load, or the end of the search, follows from the points so far.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from aisbench.shares import Z_95
from aisbench.studies.saturation.knee import Curve
from aisbench.studies.saturation.settings import Settings
from aisbench.studies.saturation.step import Point

# The search ends when doubling the requests in flight gains less throughput than this.
_PLATEAU_GAIN = 0.05
# Overload slows a server down if its throughput elsewhere is this many times that under overload.
_SLOWED = 1.1
# If the highest load measured fails only because its queue grew a little, this many times as much is tried.
_PROVING = 1.5
# A queue grew by chance if that of a higher load grows by less than this share of the difference between the loads.
_REFUTED = 0.5
# Loads are added around the knee until its neighbours are within this factor.
KNEE_RATIO = 1.5


@dataclass(frozen=True)
class Plan:
    """`over`: rate or concurrency. `loads`: exactly these, `repeats` times each; if empty, a search from `start`.

    The search ends when the bracket is narrower than `tolerance` (relative), and both ends are clear or were measured
    `repeats` times. `most`: the highest load. `bounded`: the SLO has a bound on a latency.
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
        """`start` is used if the settings have none."""
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
        """Whether loads are whole numbers."""
        return self.over == "concurrency"


@dataclass(frozen=True)
class Next:
    """The load to measure, or None if the search is over; `why` says in words why."""

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
    """Chooses the next load. `points`: one for each load measured so far, in any order."""
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
        return Next(doubted.load, "a higher load passed, so this one is measured again")
    if not high.clear and high.runs < plan.repeats:
        return Next(high.load, "it may have failed by chance, so it is measured again")
    if high.hardly_overloaded and high.load == max(point.load for point in points) and high.load < plan.most:
        more = min(_PROVING * high.load, plan.most)
        return Next(_rounded(plan, more), "the queue grew only a little, so a higher load is tried")
    if low is None:
        return _downwards(plan, points, high)
    return between(plan, points, low, high)


def _next_of_list(plan: Plan, points: list[Point]) -> Next:
    done = {point.load: point.runs for point in points}
    for runs in range(plan.repeats):
        for load in plan.loads:
            if done.get(load, 0) <= runs:
                return Next(load, f"run {runs + 1} of {plan.repeats} at this load")
    return Next(None, "all loads were measured")


def _upwards(plan: Plan, points: list[Point], low: Point) -> Next:
    if low.load >= plan.most:
        return settle(plan, [low], f"the highest load that --max allows ({plan.most:g}) passes")
    if plan.over == "concurrency" and not plan.bounded and _has_plateau(points):
        return Next(None, f"doubling the requests in flight gained less than {_PLATEAU_GAIN:.0%} throughput")
    return Next(_rounded(plan, min(2 * low.load, plan.most)), "all loads so far pass, so the load is doubled")


def _has_plateau(points: list[Point]) -> bool:
    ordered = sorted(points, key=lambda point: point.load)
    if len(ordered) < 2:
        return False
    before, last = ordered[-2:]
    return last.load >= 2 * before.load and last.throughput < (1 + _PLATEAU_GAIN) * before.throughput


def contradicted(plan: Plan, points: list[Point], high: Point) -> Point | None:
    """`high`, if it fails below a load that passes and may be measured again; else None."""
    above = any(point.passes and point.load > high.load for point in points)
    return high if above and high.runs < plan.repeats else None


def _downwards(plan: Plan, points: list[Point], high: Point) -> Next:
    if high.is_lone:
        return settle(plan, [high], "even requests that are alone on the server do not meet the SLO")
    guess = high.capacity
    if guess is not None and guess * (1 - plan.tolerance) < high.load / 2:
        return Next(
            _rounded(plan, guess * (1 - plan.tolerance)), "just below the throughput of the overloaded server"
        )
    return Next(_rounded(plan, high.load / 2), "no load passes so far, so the load is halved")


def between(plan: Plan, points: list[Point], low: Point, high: Point) -> Next:
    if high.load <= low.load * (1 + plan.tolerance) or (plan.whole and high.load - low.load <= 1):
        return settle(plan, [low, high], f"{low.load:g} passes and {high.load:g} fails")
    guess = high.capacity
    if guess is not None:
        for load in (guess * (1 - plan.tolerance), guess * (1 + plan.tolerance)):
            # Only if it narrows the bracket.
            if low.load * (1 + plan.tolerance / 2) < load < high.load / (1 + plan.tolerance / 2):
                return Next(_rounded(plan, load), "next to the throughput of the overloaded server")
    return Next(
        _rounded(plan, math.sqrt(low.load * high.load)), "between a load that passes and one that fails"
    )


def settle(plan: Plan, ends: list[Point], why: str) -> Next:
    """Measures an end of the bracket again if it is not clear, that with fewer runs first; else ends the search."""
    unclear = [point for point in ends if not point.clear and point.runs < plan.repeats]
    if unclear:
        return Next(
            min(unclear, key=lambda point: point.runs).load,
            "chance may have decided, so it is measured again",
        )
    return Next(None, why)


def _next_towards_knee(plan: Plan, points: list[Point], answered: Next) -> Next:
    """A load below the answer if the curve does not show its knee closely enough yet; else `answered`."""
    curve = Curve.of(points)
    if not curve.has_power or Bracket.of(points).low is None:
        return answered
    if curve.knee is None:
        return Next(
            _rounded(plan, curve.loads[0] / 2), "the knee may lie lower, so half of the lowest load is tried"
        )
    below, above = curve.knee.between
    for one, other in ((below, curve.knee.load), (curve.knee.load, above)):
        if one is not None and other is not None and curve.power(other) > 0 and other > KNEE_RATIO * one:
            between = _rounded(plan, math.sqrt(one * other))
            if one < between < other:
                return Next(between, "next to the greatest power, to find the knee more closely")
    return answered


def done_under_overload(points: list[Point]) -> float | None:
    """The throughput under overload: requests/s done while the backlog surely grew. None if it never did."""
    overloaded = [point for point in points if point.surely_overloaded and point.done_per_s > 0]
    if not overloaded:
        return None
    seconds = sum(point.seconds for point in overloaded)
    return sum(point.done_per_s * point.seconds for point in overloaded) / seconds


def _capacity_of(points: list[Point], sounded: float | None) -> float | None:
    """The requests/s that the server can complete, from its throughput under overload.

    None if it was never overloaded, or if overload slows it down: it clearly did more at another load or in the
    sounding (`sounded`, requests/s).
    """
    capacity = done_under_overload(points)
    if capacity is None:
        return None
    surely = [point.done_per_s - Z_95 * (point.done_per_s / point.seconds) ** 0.5 for point in points]
    return None if max([*surely, sounded or 0.0]) > _SLOWED * capacity else capacity


def informed(points: list[Point], sounded: float | None = None) -> list[Point]:
    """The points, each with what the others show: the capacity, and whether a higher load refutes that its queue grows.

    `sounded`: requests/s that the server did in the sounding.
    """
    points = [replace(point, refuted=_is_refuted(point, points)) for point in points]
    capacity = _capacity_of(points, sounded)
    return [replace(point, capacity=capacity) for point in points]


def _is_refuted(point: Point, points: list[Point]) -> bool:
    """Whether the queue's growth at `point` was chance.

    If its load were too high, the queue at a higher load would grow by at least the difference between the two loads.
    If it clearly grows by less than half of that, the growth at `point` was chance.
    """
    return any(
        other.growth is not None and other.growth.high_per_s < _REFUTED * (other.load - point.load)
        for other in points
        if other.load > point.load
    )


def _rounded(plan: Plan, load: float) -> float:
    """`load` rounded to be readable: whole requests in flight, rates of four digits."""
    return float(max(1, round(load))) if plan.whole else float(f"{load:.4g}")
