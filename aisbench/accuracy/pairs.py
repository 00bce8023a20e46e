"""Compares the accuracy of two runs over the same questions.

Most of the uncertainty of a score comes from the choice of questions, which is the same in both runs. The differences
per question therefore say far more than the two scores (E. Miller, Adding Error Bars to Evals, arXiv:2411.00640, 2024,
section 4.2).

- p: with one right-or-wrong answer per question, McNemar's exact test (Q. McNemar, Psychometrika 12, 1947), which asks
  whether a fair coin would split the questions that only one run gets right in this way. With graded scores or several
  answers per question, the sign-flip test of the differences of the questions' mean scores, of which McNemar's is a
  special case.
- The interval: percentiles of the mean difference over resampled questions (Efron & Tibshirani 1993, chapter 13). A
  question is resampled with all its answers. If all questions differ by the same amount, or none differs, resampling
  has no spread. The interval then allows for a share of other questions that differ as much as possible: the largest
  share of which such a sample would contain none in one case of twenty.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput

REPLICATES = 10_000
CONFIDENCE = 0.95
_BETTER, _WORSE, CANNOT_TELL = "better", "worse", "cannot tell"
MCNEMAR, SIGN_FLIP = "McNemar's exact test", "sign-flip test"
# Replicates x distinct values in memory at a time.
_MOST_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Outcome:
    """The result of a question in a run. `prompt`: the digest of its prompt. `scores`: of its answers, each 0 to 1."""

    prompt: str
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Paired:
    """The second run compared with the first, over the `questions` that both answered.

    `first`, `second`: mean scores in per cent. `difference`: second - first in percentage points; `low`, `high`: its
    95 % interval. `right_to_wrong`, `wrong_to_right`: numbers of questions whose score fell and rose. `only_first`,
    `only_second`: numbers of questions left out because only one run has them. `verdict`: on the second run.
    """

    questions: int
    only_first: int
    only_second: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    test: str
    right_to_wrong: int
    wrong_to_right: int
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def paired(first: Mapping[str, Outcome], second: Mapping[str, Outcome], *, seed: int = 0) -> Paired:
    """Compares two runs, given as outcomes by question. The result is the same for the same outcomes and `seed`.

    Raises BadInput if the runs share no question, or sent different prompts for one.
    """
    shared = [name for name in first if name in second]
    if not shared:
        raise BadInput("the two runs have no question in common; compare runs over the same data set")
    other = [name for name in shared if first[name].prompt != second[name].prompt]
    if other:
        raise BadInput(
            f"the prompts of {len(other):,} of {len(shared):,} questions differ, first of question {other[0]}; compare "
            "runs that sent the same prompts"
        )
    scores = [[outcomes[name].scores for name in shared] for outcomes in (first, second)]
    means = [np.array([math.fsum(each) / len(each) for each in side]) for side in scores]
    # Means such as thirds can differ by rounding errors alone.
    gained = np.round(means[1] - means[0], 12)
    fell, rose = int((gained < 0).sum()), int((gained > 0).sum())
    is_plain = all(each in ((0,), (1,)) for side in scores for each in side)
    random = np.random.default_rng(seed)
    p = mcnemar(fell, rose) if is_plain else sign_flip(gained, random)
    low, high = difference_interval(gained, random)
    difference = float(gained.mean())
    return Paired(
        questions=len(shared),
        only_first=len(first) - len(shared),
        only_second=len(second) - len(shared),
        first=100 * float(means[0].mean()),
        second=100 * float(means[1].mean()),
        difference=100 * difference,
        low=100 * low,
        high=100 * high,
        p=p,
        test=MCNEMAR if is_plain else SIGN_FLIP,
        right_to_wrong=fell,
        wrong_to_right=rose,
        verdict=CANNOT_TELL if p >= 1 - CONFIDENCE else _WORSE if difference < 0 else _BETTER,
    )


def sentence(found: Paired, first: str, second: str) -> str:
    """A sentence with the result. `first`, `second`: the names of the runs."""
    figures = (
        f"{found.second:.2f} % against {found.first:.2f} %, a difference of {found.difference:+.2f} points "
        f"(95 % interval {found.low:+.2f} to {found.high:+.2f}, p = {p_text(found.p)})"
    )
    if found.verdict != CANNOT_TELL:
        return f"{second} is {found.verdict} than {first}: {figures}."
    lost = f" A loss of up to {-found.low:.2f} points is not ruled out." if found.low < 0 else ""
    return f"No difference between {second} and {first} can be shown: {figures}.{lost}"


def p_text(p: float) -> str:
    """p with as many digits as are of use."""
    return "under 0.0001" if p < 1e-4 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def prompt_digest(prompt: Any) -> str:
    """The digest of a prompt as it is in the result files: a string or messages."""
    text = json.dumps(prompt, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mcnemar(fell: int, rose: int) -> float:
    """The two-sided exact p: twice the smaller tail of `fell` + `rose` throws of a fair coin, at most 1."""
    thrown = fell + rose
    tail = term = 1
    for k in range(min(fell, rose)):
        term = term * (thrown - k) // (k + 1)
        tail += term
    return min(1.0, 2 * tail / (1 << thrown))


def sign_flip(gained: NDArray[np.float64], random: np.random.Generator) -> float:
    """The two-sided p of the mean of `gained`, of shape (questions,), if each sign were equally likely to be the other.

    It comes from REPLICATES random flips. The observed signs count as one more, so p is never 0 (Phipson & Smyth 2010).
    """
    sizes, counts = np.unique(np.abs(gained[gained != 0]), return_counts=True)
    observed = abs(float(gained.sum()))
    reached = 0
    for many in _batches(len(sizes)):
        positive = random.binomial(counts, 0.5, (many, len(sizes)))
        sums = (2 * positive - counts) @ sizes
        reached += int((np.abs(sums) >= observed - 1e-9).sum())
    return (reached + 1) / (REPLICATES + 1)


def difference_interval(gained: NDArray[np.float64], random: np.random.Generator) -> tuple[float, float]:
    """The 95 % interval of the mean of `gained`, of shape (questions,)."""
    values, counts = np.unique(gained, return_counts=True)
    if len(values) == 1:
        most, alike = 1 - (1 - CONFIDENCE) ** (1 / len(gained)), float(values[0])
        return alike - most * (1 + alike), alike + most * (1 - alike)
    # Drawing how often each value occurs is equivalent to resampling the questions one by one, and much faster.
    draws = [
        random.multinomial(len(gained), counts / len(gained), many) @ values / len(gained)
        for many in _batches(len(values))
    ]
    low, high = np.percentile(np.concatenate(draws), [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return float(low), float(high)


def _batches(values: int) -> list[int]:
    """Splits REPLICATES into batches that fit into memory."""
    most = max(1, _MOST_AT_ONCE // max(1, values))
    whole, rest = divmod(REPLICATES, most)
    return [most] * whole + [rest] * (rest > 0)
