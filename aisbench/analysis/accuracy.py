"""The block `accuracy`: scores of answers to questions with known answers (--score), over time and by load."""

from __future__ import annotations

import json
from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench._native.protocol.finish import FINISHES
from aisbench.accuracy.question import Answer, Question
from aisbench.accuracy.tasks.registry import task_named
from aisbench.analysis.contract.keys import Percent, Requests, Seconds, Size
from aisbench.analysis.measured import Measured
from aisbench.analysis.tokens import each_text
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.shares import wilson_interval
from aisbench.workload.build import QUESTIONS

# Number of parts of the run's time, and of its range of in-flight requests.
_PARTS = 10
Interval = Annotated[list[Percent], Size(2)]


class ScoredPart(TypedDict):
    """Scores of some of the answers."""

    answers: Requests
    score: Annotated[Percent, "the mean"]
    interval: Annotated[Interval, "95 % (Wilson's), low and high"]


class TimePart(ScoredPart):
    """Scores of the answers that ended in one part of the run."""

    from_s: Annotated[Seconds, "since the start"]
    to_s: Seconds


class InFlightPart(ScoredPart):
    """Scores of the answers to requests that were sent with this many in flight."""

    least: Annotated[Requests, "in flight, the request itself included"]
    most: Requests


class AccuracyBlock(TypedDict):
    """Scores of the successful requests' answers, compared with the known ones."""

    task: Annotated[str, "the data set"]
    metric: Annotated[str, "what the score is the mean of"]
    whole: Annotated[ScoredPart | None, "over all answers; null if there were none"]
    correct: Requests
    cut: Annotated[Requests, "answers ended by the length limit"]
    no_answer: Annotated[Requests, "answers in which no result was found"]
    unsure: Annotated[Requests, "answers whose result was found by a rule that guesses"]
    over_time: Annotated[
        list[TimePart], "by the end of the answer, in ten parts; parts without answers are left out"
    ]
    by_in_flight: Annotated[
        list[InFlightPart], "by the load at the send, in at most ten parts of about equal size"
    ]


def accuracy_block(measured: Measured) -> AccuracyBlock | None:
    """summary.json's `accuracy`; None without --score. Raises BadInput if the run's questions cannot be read."""
    run = measured.run
    if not run.config.score:
        return None
    task = task_named(run.config.dataset)
    if task.runs_code:
        # --score refuses such tasks, so this folder comes from elsewhere and must not start code here.
        raise BadInput(
            f"{run.folder}: --score does not run code, but answers to {task.name} are scored by running them"
        )
    questions = _questions(run)
    ok = measured.ok
    scores = np.full(len(run.rows), np.nan)
    correct = cut = no_answer = unsure = 0
    for at, (text, reasoning) in enumerate(each_text(run)):
        if not ok[at]:
            continue
        row = run.rows[at]
        finish = FINISHES[row["finish"]]
        scored = task.score(questions[int(row["slot"]) % len(questions)], Answer(text, reasoning, finish))
        scores[at] = scored.score
        correct += scored.correct
        cut += finish == "length"
        no_answer += scored.extracted is None
        unsure += scored.extracted is not None and not scored.sure
    return {
        "task": task.name,
        "metric": task.metric,
        "whole": _part(scores[ok]) if np.any(ok) else None,
        "correct": correct,
        "cut": cut,
        "no_answer": no_answer,
        "unsure": unsure,
        "over_time": _over_time(run, scores, ok),
        "by_in_flight": _by_in_flight(run, scores, ok),
    }


def _questions(run: Run) -> list[Question]:
    path = run.records / QUESTIONS
    try:
        return [Question(**fields) for fields in json.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError) as problem:
        raise BadInput(
            f"{path} cannot be read ({problem}); the answers cannot be scored without it"
        ) from None


def _part(scores: NDArray[np.float64]) -> ScoredPart:
    low, high = wilson_interval(float(np.sum(scores)), len(scores))
    return {
        "answers": len(scores),
        "score": 100 * float(np.mean(scores)),
        "interval": [100 * low, 100 * high],
    }


def _over_time(run: Run, scores: NDArray[np.float64], ok: NDArray[np.bool_]) -> list[TimePart]:
    done_s = (run.rows["done_ns"][ok] - run.start_ns) / 1e9
    if len(done_s) == 0:
        return []
    length_s = max(run.duration_ns / 1e9, 1e-9) / _PARTS
    part = np.minimum((done_s / length_s).astype(int), _PARTS - 1)
    return [
        {**_part(scores[ok][part == at]), "from_s": at * length_s, "to_s": (at + 1) * length_s}
        for at in np.unique(part).tolist()
    ]


def _by_in_flight(run: Run, scores: NDArray[np.float64], ok: NDArray[np.bool_]) -> list[InFlightPart]:
    sent, done = run.rows["sent_ns"], run.rows["done_ns"]
    begun, ended = np.sort(sent[sent > 0]), np.sort(done[(sent > 0) & (done > 0)])
    beside = np.searchsorted(begun, sent[ok], "right") - np.searchsorted(ended, sent[ok], "right")
    if len(beside) == 0:
        return []
    # Requests with the same number in flight stay together.
    edges = np.unique(np.quantile(beside, np.linspace(0, 1, _PARTS + 1)[1:], method="higher"))
    part = np.searchsorted(edges, beside)
    return [
        {
            **_part(scores[ok][part == at]),
            "least": int(beside[part == at].min()),
            "most": int(beside[part == at].max()),
        }
        for at in np.unique(part).tolist()
    ]
