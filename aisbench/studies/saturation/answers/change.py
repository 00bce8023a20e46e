"""How the accuracy changes with the load, over the questions that two loads share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aisbench.accuracy.pairs import Outcome, paired
from aisbench.studies.slo.scores import Scores


def changes(loads: Sequence[float], scores: Sequence[Scores]) -> list[dict[str, Any] | None]:
    """`accuracy_change` of each load in saturation.json: against the lowest load with answers.

    None for that load, for those without answers, and where no question is shared. `loads` rise; `scores`: of their
    answers. Shares and differences are from 0 to 1; p and the interval are those of `accuracy.pairs`.
    """
    base = next((at for at, one in enumerate(scores) if one), None)
    return [
        None if base is None or at == base else _change(loads[base], scores[base], one)
        for at, one in enumerate(scores)
    ]


def _change(load: float, first: Scores, second: Scores) -> dict[str, Any] | None:
    if first.keys().isdisjoint(second):
        return None
    found = paired(_outcomes(first), _outcomes(second))
    return {
        "from_load": load,
        "questions": found.questions,
        "right_to_wrong": found.right_to_wrong,
        "wrong_to_right": found.wrong_to_right,
        "difference": found.difference / 100,
        "low": found.low / 100,
        "high": found.high / 100,
        "p": found.p,
        "verdict": found.verdict,
    }


def _outcomes(scores: Scores) -> dict[str, Outcome]:
    # The fingerprint is that of the prompt, so the same question had the same prompt.
    return {f"{question:016x}": Outcome("", values) for question, values in scores.items()}
