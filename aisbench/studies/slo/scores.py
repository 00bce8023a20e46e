"""The accuracy at a load, from the scores of its answers by question.

Answers to the same question are not independent of each other, and a load that is measured again asks the same
questions. Each question therefore counts once, with the mean of its answers' scores (see accuracy.averages).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aisbench.studies.slo.held import Share

# The scores of the answers (0 to 1) by the fingerprint of their question.
Scores = Mapping[int, tuple[float, ...]]


def pooled_scores(every: Iterable[Scores]) -> Scores:
    """The answers of several runs together."""
    found: dict[int, tuple[float, ...]] = {}
    for scores in every:
        for question, values in scores.items():
            found[question] = (*found.get(question, ()), *values)
    return found


def share_right(scores: Scores) -> Share:
    """The sum of the questions' mean scores, of their number."""
    return Share(sum(sum(values) / len(values) for values in scores.values()), len(scores))


def accuracy_of(scores: Scores) -> dict[str, Any] | None:
    """`accuracy` in saturation.json; None without answers."""
    share = share_right(scores).as_dict()
    if share is None:
        return None
    return {**share, "answers": sum(map(len, scores.values())), "questions": len(scores)}
