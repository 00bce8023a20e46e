"""Scores of a data set's answers, and `results/<model>/<dataset>.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.task import Task

Place = tuple[int, int]


@dataclass(frozen=True)
class ScoredAnswer:
    """`index`, `sample`: which question, and which of the answers to it."""

    index: int
    sample: int
    question: Question
    answer: Answer
    scored: Scored


def scored_answers(
    task: Task, questions: Sequence[Question], answers: Mapping[Place, Answer]
) -> list[ScoredAnswer]:
    """In the order of `answers`."""
    return [
        ScoredAnswer(index, sample, questions[index], answer, task.score(questions[index], answer))
        for (index, sample), answer in answers.items()
    ]


def details(scored: Sequence[ScoredAnswer], prompts: Mapping[Place, Any]) -> dict[str, dict[str, Any]]:
    """By key, what was asked, answered, extracted and expected, in AISBench's words; `rule`, `sure` and the rest are ours."""
    return {
        f"{one.index}#{one.sample}" if one.sample else str(one.index): {
            "prompt": prompts[one.index, one.sample],
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
        for one in scored
    }
