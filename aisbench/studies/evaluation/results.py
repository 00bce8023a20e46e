"""Scores the answers to a data set, and makes the content of `results/<model>/<dataset>.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from aisbench.accuracy.averages import Averages, Graded, averages
from aisbench.accuracy.pairs import prompt_digest
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.task import Task
from aisbench.studies.evaluation.predictions import Place, key_of
from aisbench.studies.evaluation.result_file import Detail, JudgeFigures, QuestionScores, ResultFile


@dataclass(frozen=True)
class ScoredAnswer:
    """`place`: the index of the question, and that of the answer among those to the same question."""

    place: Place
    question: Question
    answer: Answer
    scored: Scored


@dataclass(frozen=True)
class Result:
    """The scores of a data set.

    `missing`: how many answers never arrived; they do not count. `judge`: its figures, if a judge scored the answers.
    """

    name: str
    task: Task
    scored: tuple[ScoredAnswer, ...]
    missing: int
    judge: JudgeFigures | None = None

    @cached_property
    def averages(self) -> Averages | None:
        """None if there is no answer."""
        return averages(
            Graded(
                *one.place,
                one.question.subset,
                one.scored.score,
                one.scored.correct,
                one.scored.extracted,
                one.answer.finish,
                one.scored.sure,
                len(one.answer.text),
            )
            for one in self.scored
        )

    @property
    def parts(self) -> dict[str, float]:
        """Other metrics of the task in per cent, each the mean over the answers that have it."""
        values: dict[str, list[float]] = {}
        for one in self.scored:
            for name, found in one.scored.parts.items():
                values.setdefault(name, []).extend(found)
        return {name: 100 * math.fsum(found) / len(found) for name, found in values.items() if found}

    def content(self, prompts: Mapping[Place, Any]) -> ResultFile:
        """The content of the results file, with its details."""
        found: dict[str, Any] = {"accuracy": None} if self.averages is None else self.averages.as_dict()
        found = {**found, "metric": self.task.metric, **({"parts": self.parts} if self.parts else {})}
        found["counts"] = {**found.get("counts", {"questions": 0, "answers": 0}), "missing": self.missing}
        if self.judge is not None:
            found["judge"] = self.judge
        found["questions"] = self._questions(prompts)
        found["details"] = {key_of(*one.place): _detail(one, prompts[one.place]) for one in self.scored}
        return cast(ResultFile, found)

    def _questions(self, prompts: Mapping[Place, Any]) -> dict[str, QuestionScores]:
        found: dict[str, QuestionScores] = {}
        for one in self.scored:
            key = str(one.place[0])
            if key not in found:
                found[key] = {"prompt": prompt_digest(prompts[one.place]), "scores": []}
            found[key]["scores"].append(one.scored.score)
        return found


def _detail(one: ScoredAnswer, prompt: Any) -> Detail:
    found: Detail = {
        "prompt": prompt,
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
    if one.answer.tool_calls:
        found["tool_calls"] = list(one.answer.tool_calls)
    if one.scored.why:
        found["why"] = one.scored.why
    return found


def result_of(
    name: str, task: Task, questions: Sequence[Question], answers: Mapping[Place, Answer], *, missing: int
) -> Result:
    """Scores `answers` to `questions`. `missing`: how many answers never arrived."""
    scored = (
        ScoredAnswer(place, questions[place[0]], answer, task.score(questions[place[0]], answer))
        for place, answer in answers.items()
    )
    return Result(name, task, tuple(scored), missing)
