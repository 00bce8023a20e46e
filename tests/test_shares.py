"""Intervals of shares agree with scipy's, which are computed in another way."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from aisbench.shares import Z_95, clustered_interval, wilson_interval


def test_the_normal_distribution() -> None:
    assert pytest.approx(scipy.stats.norm.ppf(0.975), rel=1e-12) == Z_95


@given(st.integers(1, 100_000), st.data())
def test_wilsons_interval(count: int, data: st.DataObject) -> None:
    happened = data.draw(st.integers(0, count))
    wanted = scipy.stats.binomtest(happened, count).proportion_ci(0.95, "wilson")
    low, high = wilson_interval(happened, count)
    assert low == pytest.approx(wanted.low, abs=1e-12)
    assert high == pytest.approx(wanted.high, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_one_answer_a_question_has_wilsons_interval(scores: list[float]) -> None:
    wanted = wilson_interval(sum(scores), len(scores))
    assert clustered_interval(scores, [1] * len(scores)) == pytest.approx(wanted, abs=1e-12)


def test_equal_answers_to_each_question_count_once() -> None:
    """90 of 100 questions right, each asked ten times with the same outcome: about 100 answers, not 1,000."""
    found = clustered_interval([10.0] * 90 + [0.0] * 10, [10] * 100)
    assert found == pytest.approx(wilson_interval(90, 100), abs=2e-3)
    assert clustered_interval([10.0] * 100, [10] * 100) == pytest.approx(wilson_interval(100, 100))
    assert clustered_interval([3.0, 0.0], [3, 3]) == pytest.approx(wilson_interval(0.5, 1))
    assert clustered_interval([3.0], [5]) == pytest.approx(wilson_interval(0.6, 1))


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_interval_holds_the_true_score(share: float, alike: float) -> None:
    """40 questions, each asked 4 to 6 times; `alike`: the correlation of the answers to one question."""
    generator = np.random.default_rng(4)
    hits = plain_hits = 0
    for _ in range(500):
        if alike == 1:
            chances = (generator.random(40) < share).astype(float)
        elif alike == 0:
            chances = np.full(40, share)
        else:
            spread = 1 / alike - 1
            chances = generator.beta(share * spread, (1 - share) * spread, 40)
        counts = generator.integers(4, 7, 40)
        right = generator.binomial(counts, chances)
        low, high = clustered_interval(right.tolist(), counts.tolist())
        hits += low <= share <= high
        low, high = wilson_interval(int(right.sum()), int(counts.sum()))
        plain_hits += low <= share <= high
    assert 0.91 <= hits / 500 <= 0.985
    if alike:
        assert plain_hits / 500 < 0.8, "as if the answers were independent"
