"""The 95 % confidence interval of a share, and of a mean score."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

# 95 % of a normal distribution lies within this many standard deviations of the mean.
Z_95 = NormalDist().inv_cdf(0.975)


def wilson_interval(happened: float, count: float) -> tuple[float, float]:
    """The 95 % interval of the share `happened` / `count`, which is also good near 0 (E. B. Wilson, Journal of the
    American Statistical Association 22, 1927). If trials are not independent, `count` is their effective number, which
    need not be whole."""
    share = happened / count
    spread = Z_95**2 / count
    middle = (share + spread / 2) / (1 + spread)
    reach = Z_95 * (share * (1 - share) / count + spread / (4 * count)) ** 0.5 / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def clustered_interval(scores: Sequence[float], counts: Sequence[int]) -> tuple[float, float]:
    """The 95 % interval of a mean score of answers, of which several may be to the same question.

    `scores`: for each question the sum of its answers' scores, 0 to 1 each; `counts`: how many answers it has. With the
    mean p of N answers to G questions, the clustered variance is G / (G - 1) * sum((scores - counts * p)²) / N² (E. Miller,
    arXiv:2411.00640, 2024, section 2.2). The interval is Wilson's for p (1 - p) / variance answers, at most N: the number of
    independent answers that would have this variance. If all answers are right or all are wrong, questions count as
    answers; one answer each makes it Wilson's interval of N.
    """
    answers, questions = sum(counts), len(counts)
    mean = sum(scores) / answers
    effective = float(answers)
    if questions < answers:
        effective = float(questions)
        if questions > 1 and 0 < mean < 1:
            squares = sum((score - count * mean) ** 2 for score, count in zip(scores, counts, strict=True))
            variance = questions / (questions - 1) * squares / answers**2
            effective = min(answers, mean * (1 - mean) / variance) if variance else float(answers)
    return wilson_interval(mean * effective, effective)
