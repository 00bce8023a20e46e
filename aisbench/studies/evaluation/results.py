"""Scores of the answers to a data set, and what `results/<model>/<dataset>.json` holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.task import Task
from aisbench.studies.evaluation.predictions import Place, key_of


@dataclass(frozen=True)
class ScoredAnswer:
    """`place`: which question, and which of the answers to it."""

    place: Place
    question: Question
    answer: Answer
    scored: Scored


@dataclass(frozen=True)
class Result:
    """The scores of a data set. Figures are percent, 0 to 100. `missing`: questions without an answer, which do not count."""

    name: str
    task: Task
    scored: tuple[ScoredAnswer, ...]
    missing: int

    @property
    def subsets(self) -> dict[str, list[ScoredAnswer]]:
        found: dict[str, list[ScoredAnswer]] = {}
        for one in self.scored:
            found.setdefault(one.question.subset, []).append(one)
        return dict(sorted(found.items()))

    @property
    def weighted_average(self) -> float | None:
        """The mean over all answers."""
        return _percent([one.scored.score for one in self.scored])

    @property
    def naive_average(self) -> float | None:
        """The mean of the subsets' means, each counting alike."""
        means = [_percent([one.scored.score for one in group]) for group in self.subsets.values()]
        return None if not means else math.fsum(mean for mean in means if mean is not None) / len(means)

    @property
    def stderr(self) -> float | None:
        """Of the weighted average, over questions: the answers to one question are not independent of each other."""
        by_question: dict[int, list[float]] = {}
        for one in self.scored:
            by_question.setdefault(one.place[0], []).append(one.scored.score)
        if len(by_question) < 2:
            return None
        means = [math.fsum(scores) / len(scores) for scores in by_question.values()]
        middle = math.fsum(means) / len(means)
        variance = math.fsum((mean - middle) ** 2 for mean in means) / (len(means) - 1)
        return 100 * math.sqrt(variance / len(means))

    @property
    def counts(self) -> dict[str, int]:
        """`cut`: answers that the length limit ended; `no_answer`: those in which none was found; `unsure`: those in which
        the rule that found it guesses."""
        return {
            "answers": len(self.scored),
            "correct": sum(one.scored.correct for one in self.scored),
            "cut": sum(one.answer.finish == "length" for one in self.scored),
            "no_answer": sum(one.scored.extracted is None for one in self.scored),
            "unsure": sum(not one.scored.sure for one in self.scored if one.scored.extracted is not None),
            "missing": self.missing,
        }

    def as_dict(self) -> dict[str, Any]:
        return {
            "accuracy": self.weighted_average,
            "metric": self.task.metric,
            "naive_average": self.naive_average,
            "weighted_average": self.weighted_average,
            "stderr": self.stderr,
            "counts": self.counts,
            "subsets": {
                name: {"accuracy": _percent([one.scored.score for one in group]), "answers": len(group)}
                for name, group in self.subsets.items()
                if name
            },
        }

    def details(self, prompts: Mapping[Place, Any]) -> dict[str, dict[str, Any]]:
        """By key, what was asked, answered, extracted and expected, under AISBench's names and some more."""
        return {
            key_of(*one.place): {
                "prompt": prompts[one.place],
                "origin_prediction": one.answer.text,
                "predictions": one.scored.extracted,
                "references": one.question.gold,
                "correct": one.scored.correct,
                "score": one.scored.score,
                "rule": one.scored.rule,
                "sure": one.scored.sure,
                "subset": one.question.subset,
                "finish": one.answer.finish,
                "reasoning": one.answer.reasoning,
            }
            for one in self.scored
        }


def result_of(
    name: str, task: Task, questions: Sequence[Question], answers: Mapping[Place, Answer], *, missing: int
) -> Result:
    scored = (
        ScoredAnswer(place, questions[place[0]], answer, task.score(questions[place[0]], answer))
        for place, answer in answers.items()
    )
    return Result(name, task, tuple(scored), missing)


def _percent(scores: Sequence[float]) -> float | None:
    return 100 * math.fsum(scores) / len(scores) if scores else None
