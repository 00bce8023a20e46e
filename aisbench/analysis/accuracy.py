"""Scores of answers to questions with known answers (--score), and the block `accuracy`: over time and by load."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench._native.protocol.finish import FINISHES
from aisbench.accuracy.question import Answer, Question
from aisbench.accuracy.task import Task
from aisbench.accuracy.tasks.registry import task_named
from aisbench.analysis.contract.keys import Percent, Requests, Seconds, Size
from aisbench.backends.tool_calls import in_chat_form
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.records.texts import KeptAnswer, each_answer
from aisbench.shares import clustered_interval
from aisbench.workload.build import QUESTIONS

# Number of parts of the run's time, and of its range of in-flight requests.
_PARTS = 10
Interval = Annotated[list[Percent], Size(2)]


class ScoredPart(TypedDict):
    """Scores of some of the answers."""

    answers: Requests
    score: Annotated[Percent, "the mean"]
    interval: Annotated[
        Interval, "95 %, low and high: Wilson's, for the effective number of answers where questions repeat"
    ]


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


@dataclass(frozen=True)
class Graded:
    """The answers of a run with known ones, by row. `scores`: 0 to 1, nan where the request did not succeed.

    `asked` and `said`: fingerprints of the question and of the answer's text, reasoning included. `correct`, `cut`,
    `no_answer`, `unsure`: see AccuracyBlock.
    """

    task: Task
    ok: NDArray[np.bool_]
    scores: NDArray[np.float64]
    asked: NDArray[np.uint64]
    said: NDArray[np.uint64]
    correct: int
    cut: int
    no_answer: int
    unsure: int

    @staticmethod
    def of(run: Run) -> Graded | None:
        """None without --score. Raises BadInput if the run's questions cannot be read."""
        if not run.config.score:
            return None
        task = task_named(run.config.dataset)
        if task.runs_code:
            # --score refuses such tasks, so this folder comes from elsewhere and must not start code here.
            raise BadInput(
                f"{run.folder}: --score does not run code, but answers to {task.name} are scored by running them"
            )
        questions = _questions(run)
        marks = [_mark(json.dumps([question.messages, question.prompt])) for question in questions]
        ok = run.has_status("ok")
        scores = np.full(len(run.rows), np.nan)
        asked, said = np.zeros(len(run.rows), np.uint64), np.zeros(len(run.rows), np.uint64)
        correct = cut = no_answer = unsure = 0
        for at, kept in enumerate(each_answer(run)):
            if not ok[at]:
                continue
            row = run.rows[at]
            finish = FINISHES[row["finish"]]
            number = int(row["slot"]) % len(questions)
            answer = Answer(kept.content, kept.reasoning, finish, in_chat_form(kept.tool_calls))
            scored = task.score(questions[number], answer)
            scores[at], asked[at], said[at] = scored.score, marks[number], _mark(_said(kept))
            correct += scored.correct
            cut += finish == "length"
            no_answer += scored.extracted is None
            unsure += scored.extracted is not None and not scored.sure
        return Graded(task, ok, scores, asked, said, correct, cut, no_answer, unsure)

    def texts(self) -> dict[int, int]:
        """The fingerprint of the first answer to each question, by the question's."""
        first: dict[int, int] = {}
        for question, answer in zip(self.asked[self.ok].tolist(), self.said[self.ok].tolist(), strict=True):
            first.setdefault(question, answer)
        return first

    def by_question(self, mine: NDArray[np.bool_]) -> dict[int, tuple[float, ...]]:
        """The scores of the answers in `mine` (a mask), by the fingerprint of their question."""
        found: dict[int, list[float]] = {}
        for question, score in zip(self.asked[mine].tolist(), self.scores[mine].tolist(), strict=True):
            found.setdefault(question, []).append(score)
        return {question: tuple(scores) for question, scores in found.items()}

    def differing(self, reference: Mapping[int, int], mine: NDArray[np.bool_]) -> tuple[int, int]:
        """How many of the answers in `mine` (a mask) have another text than `reference` (see texts) has for their question,
        and how many answer a question that it has."""
        known = [
            reference[question] != answer
            for question, answer in zip(self.asked[mine].tolist(), self.said[mine].tolist(), strict=True)
            if question in reference
        ]
        return sum(known), len(known)


def _said(answer: KeptAnswer) -> str:
    """What the fingerprint of an answer is made of. The ids of tool calls differ each time."""
    calls = [f"\0{call['name']}\0{call['arguments']}" for call in answer.tool_calls]
    return "".join([f"{answer.reasoning}\0{answer.content}", *calls])


def _mark(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())


def accuracy_block(run: Run, graded: Graded | None) -> AccuracyBlock | None:
    """summary.json's `accuracy`; None without --score."""
    if graded is None:
        return None
    ok = graded.ok
    return {
        "task": graded.task.name,
        "metric": graded.task.metric,
        "whole": _part(graded, ok) if np.any(ok) else None,
        "correct": graded.correct,
        "cut": graded.cut,
        "no_answer": graded.no_answer,
        "unsure": graded.unsure,
        "over_time": _over_time(run, graded),
        "by_in_flight": _by_in_flight(run, graded),
    }


def _questions(run: Run) -> list[Question]:
    path = run.records / QUESTIONS
    try:
        return [Question(**fields) for fields in json.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError) as problem:
        raise BadInput(
            f"{path} cannot be read ({problem}); the answers cannot be scored without it"
        ) from None


def _part(graded: Graded, mine: NDArray[np.bool_]) -> ScoredPart:
    """`mine`: a mask of answers, at least one."""
    by_question = graded.by_question(mine).values()
    low, high = clustered_interval(list(map(sum, by_question)), list(map(len, by_question)))
    return {
        "answers": int(np.count_nonzero(mine)),
        "score": 100 * float(np.mean(graded.scores[mine])),
        "interval": [100 * low, 100 * high],
    }


def _parts(graded: Graded, part: NDArray[np.int64]) -> Iterator[tuple[int, ScoredPart, NDArray[np.bool_]]]:
    """The scores of each part, with its mask of the successful answers. `part`: of each of them, which one it is in."""
    rows = np.flatnonzero(graded.ok)
    for at in np.unique(part).tolist():
        mine = np.zeros(len(graded.ok), np.bool_)
        mine[rows[part == at]] = True
        yield at, _part(graded, mine), part == at


def _over_time(run: Run, graded: Graded) -> list[TimePart]:
    done_s = (run.rows["done_ns"][graded.ok] - run.start_ns) / 1e9
    if len(done_s) == 0:
        return []
    length_s = max(run.duration_ns / 1e9, 1e-9) / _PARTS
    part = np.minimum((done_s / length_s).astype(int), _PARTS - 1)
    return [
        {**scored, "from_s": at * length_s, "to_s": (at + 1) * length_s}
        for at, scored, _ in _parts(graded, part)
    ]


def _by_in_flight(run: Run, graded: Graded) -> list[InFlightPart]:
    ok, sent, done = graded.ok, run.rows["sent_ns"], run.rows["done_ns"]
    begun, ended = np.sort(sent[sent > 0]), np.sort(done[(sent > 0) & (done > 0)])
    beside = np.searchsorted(begun, sent[ok], "right") - np.searchsorted(ended, sent[ok], "right")
    if len(beside) == 0:
        return []
    # Requests with the same number in flight stay together.
    edges = np.unique(np.quantile(beside, np.linspace(0, 1, _PARTS + 1)[1:], method="higher"))
    part = np.searchsorted(edges, beside)
    return [
        {**scored, "least": int(beside[inside].min()), "most": int(beside[inside].max())}
        for _, scored, inside in _parts(graded, part)
    ]
