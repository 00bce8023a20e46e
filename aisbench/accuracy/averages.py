"""Averages over the scored answers to a data set, with standard errors and 95 % intervals.

The answers to one question are not independent of each other. Each question therefore counts with the mean of its
answers' scores, and standard errors come from the spread of these means (E. Miller, Adding Error Bars to Evals,
arXiv:2411.00640, 2024, sections 2.1 and 3.1). Miller's clustered error, with a question as the cluster, differs only by
the factor n / (n - 1) under the root. With one answer per question, the error is the sample standard deviation over
the root of n.

Intervals are Wilson's, for p (1 - p) / error² questions: the number that would give this standard error if each answer
were simply right or wrong. They stay within 0 and 100 %, and have a width above 0 even if every answer is right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aisbench.shares import wilson_interval


@dataclass(frozen=True)
class Graded:
    """One answer and its score, 0 to 1. `question` is the number of the question, `sample` that of the answer to it.

    `extracted`: the answer found in the output, as text; None if none was found. `finish`: "length" if the output was
    cut at the length limit. `sure`: False if the rule that found the answer guesses. `length`: of the output, in
    characters.
    """

    question: int
    sample: int
    subset: str
    score: float
    correct: bool
    extracted: str | None
    finish: str = "stop"
    sure: bool = True
    length: int = 0


@dataclass(frozen=True)
class Average:
    """A mean score in per cent, with its standard error in percentage points (None for a single question).

    `low`, `high`: the 95 % interval in per cent. `questions`, `answers`: how many the mean covers.
    """

    percent: float
    stderr: float | None
    low: float
    high: float
    questions: int
    answers: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "accuracy": self.percent,
            "stderr": self.stderr,
            "interval": [self.low, self.high],
            "questions": self.questions,
            "answers": self.answers,
        }


@dataclass(frozen=True)
class Repeated:
    """Figures in per cent for several answers to each question. `n`: the smallest number of answers to a question.

    `avg`: the mean score (avg@n). `pass_at`: by k, the probability that at least one of k answers is right. `cons`: the
    share of questions to which the most frequent answer is right (cons@n).
    """

    n: int
    avg: float
    pass_at: Mapping[int, float]
    cons: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "n": self.n,
            f"avg@{self.n}": self.avg,
            **{f"pass@{k}": percent for k, percent in self.pass_at.items()},
            f"cons@{self.n}": self.cons,
        }


@dataclass(frozen=True)
class Averages:
    """The averages of a data set. In `weighted`, all questions count equally; in `naive`, all subsets do.

    `repeated`: None with one answer per question. Numbers of answers: `correct`; `no_answer`: none was found in the
    output; `cut`: ended at the length limit; `unsure`: found by a rule that guesses. `mean_length`: in characters.
    """

    weighted: Average
    naive: Average
    subsets: Mapping[str, Average]
    repeated: Repeated | None
    correct: int
    no_answer: int
    cut: int
    unsure: int
    mean_length: float

    def share(self, count: int) -> float:
        """`count` of the answers, in per cent."""
        return 100 * count / self.weighted.answers

    def as_dict(self) -> dict[str, Any]:
        """The content of results/<model>/<dataset>.json, except `details`."""
        return {
            "accuracy": self.weighted.percent,
            "stderr": self.weighted.stderr,
            "interval": [self.weighted.low, self.weighted.high],
            "weighted_average": self.weighted.percent,
            "naive_average": self.naive.percent,
            "naive_stderr": self.naive.stderr,
            "naive_interval": [self.naive.low, self.naive.high],
            "subsets": {name: average.as_dict() for name, average in self.subsets.items()},
            **({"repeated": self.repeated.as_dict()} if self.repeated else {}),
            "counts": {
                "questions": self.weighted.questions,
                "answers": self.weighted.answers,
                "correct": self.correct,
                "no_answer": self.no_answer,
                "cut": self.cut,
                "unsure": self.unsure,
            },
            "mean_length": self.mean_length,
        }


def averages(answers: Iterable[Graded]) -> Averages | None:
    """The averages of these answers; None if there are none. `subsets` is empty if no question belongs to one."""
    by_question: dict[int, list[Graded]] = {}
    for one in sorted(answers, key=lambda one: (one.question, one.sample)):
        by_question.setdefault(one.question, []).append(one)
    if not by_question:
        return None
    every = [one for group in by_question.values() for one in group]
    in_subset: dict[str, list[list[Graded]]] = {}
    for group in by_question.values():
        in_subset.setdefault(group[0].subset, []).append(group)
    means = {name: [_mean_score(group) for group in groups] for name, groups in sorted(in_subset.items())}
    all_means = [mean for values in means.values() for mean in values]
    variance = _variance(all_means)
    sizes = {name: sum(map(len, groups)) for name, groups in in_subset.items()}
    subsets = {
        name: _average(_mean(values), _error(values, _variance(values)), len(values), sizes[name])
        for name, values in means.items()
    }
    # A subset of one question has no variance; the variance of all questions replaces it.
    errors = [
        _error(values, variance if len(values) == 1 else _variance(values)) for values in means.values()
    ]
    return Averages(
        weighted=_average(_mean(all_means), _error(all_means, variance), len(all_means), len(every)),
        naive=_average(
            _mean([_mean(values) for values in means.values()]), _joint(errors), len(all_means), len(every)
        ),
        subsets=subsets if list(subsets) != [""] else {},
        repeated=_repeated(list(by_question.values())),
        correct=sum(one.correct for one in every),
        no_answer=sum(one.extracted is None for one in every),
        cut=sum(one.finish == "length" for one in every),
        unsure=sum(one.extracted is not None and not one.sure for one in every),
        mean_length=_mean([one.length for one in every]),
    )


def pass_at_k(answers: int, right: int, k: int) -> float:
    """The probability that at least one of `k` answers is right, drawn without replacement from `answers` answers.

    `right` of the answers are right, and `k` is at most `answers`. This is the unbiased estimator of M. Chen et al.,
    Evaluating Large Language Models Trained on Code, arXiv:2107.03374, 2021.
    """
    return 1 - math.comb(answers - right, k) / math.comb(answers, k)


def majority(answers: Sequence[Graded]) -> Graded | None:
    """The first of the most frequent answers. In a tie, the answer that was given first wins.

    Answers are equal if their extracted texts are. Outputs without an answer are left out; None if all are.
    """
    votes = Counter(one.extracted for one in answers if one.extracted is not None)
    # A Counter keeps the order of insertion, and max takes the first of equals.
    said = max(votes, key=votes.__getitem__, default=None)
    return next((one for one in answers if said is not None and one.extracted == said), None)


def _repeated(groups: Sequence[Sequence[Graded]]) -> Repeated | None:
    """The figures of several answers per question; None with one each. k is each power of 2 up to n, and n."""
    n = min(map(len, groups))
    if max(map(len, groups)) == 1:
        return None
    right = [sum(one.correct for one in group) for group in groups]
    winners = [majority(group) for group in groups]
    return Repeated(
        n=n,
        avg=100 * _mean([_mean_score(group) for group in groups]),
        pass_at={
            k: 100 * _mean([pass_at_k(len(group), of, k) for group, of in zip(groups, right, strict=True)])
            for k in sorted({*(2**power for power in range(n.bit_length())), n})
        },
        cons=100 * _mean([winner is not None and winner.correct for winner in winners]),
    )


def _average(share: float, error: float | None, questions: int, answers: int) -> Average:
    spread = share * (1 - share)
    effective = spread / error**2 if error and spread > 0 else questions
    low, high = wilson_interval(share * effective, effective)
    return Average(
        100 * share, None if error is None else 100 * error, 100 * low, 100 * high, questions, answers
    )


def _mean_score(group: Sequence[Graded]) -> float:
    return _mean([one.score for one in group])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _variance(values: Sequence[float]) -> float | None:
    """The sample variance, with n - 1; None for a single value."""
    if len(values) < 2:
        return None
    middle = _mean(values)
    return math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1)


def _error(values: Sequence[float], variance: float | None) -> float | None:
    return None if variance is None else math.sqrt(variance / len(values))


def _joint(errors: Sequence[float | None]) -> float | None:
    """The standard error of the mean of independent figures; None if the error of one is unknown."""
    known = [error for error in errors if error is not None]
    if len(known) < len(errors):
        return None
    return math.sqrt(math.fsum(error**2 for error in known)) / len(errors)
