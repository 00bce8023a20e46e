"""Pairs each evaluation with the first, data set by data set, and over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aisbench.accuracy.pairs import Outcome, Paired, paired, sentence
from aisbench.errors import BadInput
from aisbench.studies.comparison.evaluations.reading import Evaluated
from aisbench.studies.evaluation.folder import data_set_of

ALL = "all data sets"
_SCHEMA = 1


@dataclass(frozen=True)
class Compared:
    """`other` against the baseline on one data set, or (ALL) on the questions of all."""

    dataset: str
    baseline: Evaluated
    other: Evaluated
    found: Paired

    @property
    def sentence(self) -> str:
        return sentence(self.found, self.baseline.name, self.other.name)

    def changed(self, *, rose: bool) -> list[str]:
        """The questions whose score rose, or fell, in the order of the data set."""
        first, second = (one.outcomes[self.dataset] for one in (self.baseline, self.other))
        return [
            key
            for key in first
            if key in second and _mean(first[key]) != _mean(second[key])
            and (_mean(second[key]) > _mean(first[key])) == rose
        ]  # fmt: skip


@dataclass(frozen=True)
class EvaluationComparison:
    """`left_out`: data sets that not all have."""

    evaluations: tuple[Evaluated, ...]
    rows: tuple[Compared, ...]
    left_out: tuple[str, ...]
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """comparison.json."""
        return {
            "schema": _SCHEMA,
            "kind": "evaluations",
            "baseline": self.evaluations[0].name,
            "seed": self.seed,
            "evaluations": [
                {"name": one.name, "path": str(one.path), "model": one.model} for one in self.evaluations
            ],
            "left_out": list(self.left_out),
            "pairs": [
                {"dataset": row.dataset, "evaluation": row.other.name, **row.found.as_dict()}
                for row in self.rows
            ],
        }


def compare_evaluations(evaluations: Sequence[Evaluated], *, seed: int = 0) -> EvaluationComparison:
    """The first is the baseline. Raises BadInput where no data set is common to all, and where prompts differ."""
    common = [name for name in evaluations[0].outcomes if all(name in one.outcomes for one in evaluations)]
    every = dict.fromkeys(name for one in evaluations for name in one.outcomes)
    if not common:
        raise BadInput(
            "the evaluations have no data set in common: "
            + "; ".join(f"{one.name} has {', '.join(one.outcomes)}" for one in evaluations)
        )
    first = evaluations[0]
    rows = []
    for other in evaluations[1:]:
        rows += [_compared(name, first, other, seed) for name in common]
        # Questions that rules and a judge scored count once.
        each = [name for name in common if data_set_of(name) == name or data_set_of(name) not in common]
        if len(each) > 1:
            pooled = [_pooled(one, each) for one in (first, other)]
            rows.append(Compared(ALL, first, other, paired(*pooled, seed=seed)))
    return EvaluationComparison(
        tuple(evaluations), tuple(rows), tuple(name for name in every if name not in common), seed
    )


def _compared(dataset: str, first: Evaluated, other: Evaluated, seed: int) -> Compared:
    metrics = first.metrics[dataset], other.metrics[dataset]
    if metrics[0] != metrics[1]:
        raise BadInput(
            f"{first.name} and {other.name}, {dataset}: the scores are {metrics[0]} and {metrics[1]}; score both in the same way"
        )
    try:
        found = paired(first.outcomes[dataset], other.outcomes[dataset], seed=seed)
    except BadInput as problem:
        raise BadInput(f"{first.name} and {other.name}, {dataset}: {problem}") from None
    return Compared(dataset, first, other, found)


def _pooled(one: Evaluated, datasets: Sequence[str]) -> dict[str, Outcome]:
    return {f"{name} {key}": outcome for name in datasets for key, outcome in one.outcomes[name].items()}


def _mean(outcome: Outcome) -> float:
    return round(sum(outcome.scores) / len(outcome.scores), 12)
