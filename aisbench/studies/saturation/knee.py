"""Finds the knee of a curve: the load with the best trade-off between throughput and latency.

At the knee the power, throughput over mean latency, is greatest (L. Kleinrock, "Power and deterministic rules of thumb
for probabilistic problems in computer communications", ICC 1979). Points at similar loads differ more by chance than by
load, so mean E2ELs are smoothed first, such that they never fall with load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aisbench.analysis.statistics.distributions import never_falling
from aisbench.studies.saturation.step import Point


@dataclass(frozen=True)
class Knee:
    """`load` has the greatest power; `between`: the measured loads next to it (None if there is none)."""

    load: float
    between: tuple[float | None, float | None]


@dataclass(frozen=True)
class Curve:
    """`loads`, ascending, and the power at each, in requests/s^2: 0 if the queue grew or no request succeeded.

    `knee`: None if no load has any power, or if the lowest one has the greatest, so that the knee may lie lower.
    """

    loads: tuple[float, ...]
    powers: tuple[float, ...]
    knee: Knee | None

    @staticmethod
    def of(points: Sequence[Point]) -> Curve:
        ordered = sorted(points, key=lambda point: point.load)
        known = [point for point in ordered if _mean_e2el_s(point) > 0 and not point.overloaded]
        smooth = never_falling([_mean_e2el_s(point) for point in known], [requests(point) for point in known])
        by_load = {
            # In a closed loop the throughput is load / E2EL, by Little's law.
            point.load: point.load / e2el_s if point.open_loop else point.load / e2el_s**2
            for point, e2el_s in zip(known, smooth, strict=True)
        }
        powers = tuple(by_load.get(point.load, 0.0) for point in ordered)
        return Curve(tuple(point.load for point in ordered), powers, _knee_of(ordered, powers))

    @property
    def has_power(self) -> bool:
        return any(power > 0 for power in self.powers)

    def power(self, load: float) -> float:
        return self.powers[self.loads.index(load)]


def _knee_of(ordered: Sequence[Point], powers: Sequence[float]) -> Knee | None:
    if not any(power > 0 for power in powers):
        return None
    at = powers.index(max(powers))
    if at == 0 and not ordered[0].is_lone:
        return None
    below = ordered[at - 1].load if at > 0 else None
    above = ordered[at + 1].load if at + 1 < len(ordered) else None
    return Knee(ordered[at].load, (below, above))


def _mean_e2el_s(point: Point) -> float:
    return (point.latencies.get("e2el_ms", {}).get("mean") or 0.0) / 1e3


def requests(point: Point) -> float:
    return point.latencies["e2el_ms"]["count"]
