"""Two runs over the same questions: is one really better than the other?

Most of what makes a score uncertain, the choice of questions, is alike in both runs, so that the differences of single
questions tell far more than the two scores by themselves (E. Miller, Adding Error Bars to Evals, arXiv:2411.00640, 2024,
section 4.2).

- p: with one right-or-wrong answer a question McNemar's exact test (Q. McNemar, Psychometrika 12, 1947): whether the
  questions that only one run gets right are split as a fair coin would. With graded scores or several answers a question,
  the sign-flip test of the differences of the questions' mean scores, of which McNemar's is the special case.
- The interval: percentiles of the mean difference over resampled questions (Efron & Tibshirani 1993, chapter 13). All
  answers to a question go with it. Where all questions differ alike, as when none differs, resampling shows no spread: then the
  interval reaches as far as if the largest share of other questions that would be missed in one case of twenty differed
  as much as can be.
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
# Replicates x distinct values that are held at a time.
_MOST_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Outcome:
    """What a question came to in a run. `prompt`: its digest, the same for the same prompt. `scores`: of its answers, each 0
    to 1; at least one."""

    prompt: str
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Paired:
    """The second run against the first, over the `questions` that both answered.

    `first`, `second`: mean scores in per cent. `difference`: second - first, with its 95 % interval, in percentage points.
    `right_to_wrong`, `wrong_to_right`: questions whose score fell and rose, which is that where scores are right or wrong.
    `only_first`, `only_second`: questions that are left out because one run alone has them. `verdict`: what the second is.
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
    """Outcomes by the name of their question. The same outcomes and `seed`, the same result.

    Raises BadInput where the runs share no question, or asked one of them with different prompts.
    """
    shared = [name for name in first if name in second]
    if not shared:
        raise BadInput("the two have no question in common")
    other = [name for name in shared if first[name].prompt != second[name].prompt]
    if other:
        raise BadInput(
            f"{len(other):,} of {len(shared):,} questions were asked with different prompts, question {other[0]} the first "
            "of them; only answers to the same prompts can be paired"
        )
    scores = [[outcomes[name].scores for name in shared] for outcomes in (first, second)]
    means = [np.array([math.fsum(each) / len(each) for each in side]) for side in scores]
    # Thirds and the like: what differs by rounding alone is equal.
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
    """What `found` says of the run `second` against the run `first`, for people."""
    figures = (
        f"{found.second:.2f} % against {found.first:.2f} %, a difference of {found.difference:+.2f} points "
        f"(95 % interval {found.low:+.2f} to {found.high:+.2f}, p = {p_text(found.p)})"
    )
    if found.verdict != CANNOT_TELL:
        return f"{second} is {found.verdict} than {first}: {figures}."
    lost = f" A loss of up to {-found.low:.2f} points is not ruled out." if found.low < 0 else ""
    return f"No difference between {second} and {first} can be shown: {figures}.{lost}"


def p_text(p: float) -> str:
    return "under 0.0001" if p < 1e-4 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def prompt_digest(prompt: Any) -> str:
    """Of a prompt as the result files have it: a text or messages."""
    text = json.dumps(prompt, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mcnemar(fell: int, rose: int) -> float:
    """The two-sided exact p: twice the smaller tail of a fair coin thrown `fell` + `rose` times, at most 1."""
    thrown = fell + rose
    tail = term = 1
    for k in range(min(fell, rose)):
        term = term * (thrown - k) // (k + 1)
        tail += term
    return min(1.0, 2 * tail / (1 << thrown))


def sign_flip(gained: NDArray[np.float64], random: np.random.Generator) -> float:
    """The two-sided p of the mean of `gained` (questions,) when each sign might as well be the other one.

    By REPLICATES random flips; with the observed signs among them it is never 0 (Phipson & Smyth 2010).
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
    """The 95 % interval of the mean of `gained` (questions,)."""
    values, counts = np.unique(gained, return_counts=True)
    if len(values) == 1:
        most, alike = 1 - (1 - CONFIDENCE) ** (1 / len(gained)), float(values[0])
        return alike - most * (1 + alike), alike + most * (1 - alike)
    # How often each value is drawn is what resampling the questions one by one gives, and much quicker.
    draws = [
        random.multinomial(len(gained), counts / len(gained), many) @ values / len(gained)
        for many in _batches(len(values))
    ]
    low, high = np.percentile(np.concatenate(draws), [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return float(low), float(high)


def _batches(values: int) -> list[int]:
    """REPLICATES in parts that fit into memory."""
    most = max(1, _MOST_AT_ONCE // max(1, values))
    whole, rest = divmod(REPLICATES, most)
    return [most] * whole + [rest] * (rest > 0)
