"""The result of a search, as saturation.json holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aisbench.analysis.verdict.verdict import RANK
from aisbench.studies.saturation.answers.change import changes
from aisbench.studies.saturation.knee import Curve
from aisbench.studies.saturation.search import Bracket, Plan, done_under_overload
from aisbench.studies.saturation.step import Point, Sample
from aisbench.studies.slo.terms import Term

_SATURATION_SCHEMA = 1
# By load.
Samples = Mapping[float, Sequence[Sample]]


@dataclass(frozen=True)
class Answer:
    """`max_load`: the highest load that passed below all that failed; None if none did.

    `low` and `high`: the loads between which the true one lies, as far as chance goes; None if that side has no bound.
    `capacity`: requests/s that the overloaded server completed; in a closed loop the highest throughput reached.
    """

    max_load: float | None
    low: float | None
    high: float | None
    capacity: float | None

    @staticmethod
    def of(plan: Plan, slo: tuple[Term, ...], points: list[Point], samples: Samples) -> Answer:
        bracket = Bracket.of(points)
        surely_not = [p.load for p in points if not p.passes and p.clear]
        return Answer(
            max_load=bracket.low.load if bracket.low is not None else None,
            low=surely_passing(slo, points, samples),
            high=min(surely_not, default=None),
            capacity=max((point.throughput for point in points), default=None)
            if plan.whole
            else done_under_overload(points),
        )

    def is_clear(self, point: Point) -> bool:
        """Whether chance is unlikely to have decided that `point` passes or fails, judged by all measurements."""
        return point.clear or (point.passes and self.low is not None and point.load <= self.low)


def surely_passing(slo: tuple[Term, ...], points: list[Point], samples: Samples) -> float | None:
    """The highest load, below all that fail, that passes beyond chance; None if there is none.

    What holds at a load holds at less, so each load is judged by its own runs and those at higher loads that pass.
    """
    high = Bracket.of(points).high
    passing = [point for point in points if point.passes and (high is None or point.load < high.load)]
    speaking: list[tuple[float, Sample]] = []
    for point in sorted(passing, key=lambda point: -point.load):
        speaking += [(point.load, sample) for sample in samples[point.load]]
        as_of_here = [replace(one, flow=one.flow.at(point.load / load)) for load, one in speaking]
        pooled = Point.of(point.load, point.open_loop, as_of_here, slo)
        if replace(pooled, capacity=point.capacity).surely_passes:
            return point.load
    return None


def _verdict_on(points: list[Point], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The client's worst status at the two ends of the bracket, which decided the answer, and the reasons."""
    bracket = Bracket.of(points)
    ends = {point.load for point in (bracket.low, bracket.high) if point is not None}
    status, reasons = "valid", []
    for step in steps:
        if step["load"] in ends and step["client"] != "valid":
            status = max(status, step["client"], key=RANK.__getitem__)
            reasons += [f"At {step['load']:g}: {reason}." for reason in step["client_reasons"]]
    return {"status": status, "reasons": list(dict.fromkeys(reasons))}


def result(
    plan: Plan,
    slo: tuple[Term, ...],
    points: list[Point],
    samples: Samples,
    steps: Sequence[Mapping[str, Any]],
    *,
    ended: str,
    outcome: str,
    reference: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of saturation.json.

    `samples`: what was measured at the loads of `points`. `ended`: why the search ended, in words. `outcome`: finished,
    budget, interrupted or failed. `reference`: see SearchFolder.
    """
    answer, curve = Answer.of(plan, slo, points, samples), Curve.of(points)
    rising = sorted(points, key=lambda point: point.load)
    changed = changes([point.load for point in rising], [point.scores for point in rising])
    return {
        "schema": _SATURATION_SCHEMA,
        "over": plan.over,
        "slo": [str(term) for term in slo],
        "outcome": outcome,
        "ended": ended,
        "max_load": answer.max_load,
        "max_load_interval": [answer.low, answer.high],
        "knee": None if curve.knee is None else curve.knee.load,
        "knee_interval": [None, None] if curve.knee is None else list(curve.knee.between),
        "capacity": answer.capacity,
        "verdict": _verdict_on(points, steps),
        "reference": None if reference is None else dict(reference),
        "points": [
            {
                **point.as_dict(),
                "accuracy_change": change,
                "clear": answer.is_clear(point),
                "power": power,
            }
            for point, change, power in zip(rising, changed, curve.powers, strict=True)
        ],
        "steps": list(steps),
    }
