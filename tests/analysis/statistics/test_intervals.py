"""Intervals of percentiles hold the truth as often as they say, and say when they cannot be had."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.analysis.statistics.intervals import percentile_intervals, ranks


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [
        # Tables of distribution-free intervals: the median of 10 lies between the 2nd and the 9th.
        (10, 50, (2, 9)),
        (100, 50, (40, 61)),
        (5, 50, None),
        # 1 - 0.99^n >= 0.975 needs 368 values above.
        (367, 99, None),
        (368, 99, (360, 368)),
        (200, 99.9, None),
        (0, 50, None),
    ],
)
def test_ranks(count: int, percent: float, expected: tuple[int, int] | None) -> None:
    assert ranks(count, percent) == expected


@pytest.mark.parametrize(("count", "percent"), [(30, 50), (60, 90), (500, 99), (2000, 95)])
def test_they_hold_the_truth_as_often_as_they_say(count: int, percent: float) -> None:
    generator = np.random.default_rng(7)
    truth = -np.log(1 - percent / 100)
    low, high = ranks(count, percent) or (0, 0)
    assert low > 0
    samples = np.sort(generator.exponential(size=(4000, count)), axis=1)
    held = np.mean((samples[:, low - 1] <= truth) & (truth <= samples[:, high - 1]))
    # Ranks are whole numbers, so the level is at least the asked one; 4,000 runs know it to 1 %.
    assert 0.945 <= held <= 0.99


@given(st.integers(1, 5_000_000), st.floats(0.1, 99.99))
def test_ranks_stand_around_the_percentile(count: int, percent: float) -> None:
    found = ranks(count, percent)
    if found is not None:
        assert 1 <= found[0] <= count * percent / 100 + 1
        assert count * percent / 100 <= found[1] <= count


def test_values_and_what_is_missing() -> None:
    found = percentile_intervals(np.arange(100.0), [99.9])
    assert found["p50"] == [39.0, 60.0]
    assert found["p99.9"] is None
    assert percentile_intervals(np.array([]))["p99"] is None
