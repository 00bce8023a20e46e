"""Intervals of shares agree with scipy's, which are computed in another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aisbench.shares import Z_95, wilson_interval


def test_the_normal_distribution() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), rel=1e-12) == Z_95


@given(st.integers(1, 100_000), st.data())
def test_wilsons_interval(count: int, data: st.DataObject) -> None:
    happened = data.draw(st.integers(0, count))
    wanted = stats.binomtest(happened, count).proportion_ci(0.95, "wilson")
    low, high = wilson_interval(happened, count)
    assert low == pytest.approx(wanted.low, abs=1e-12)
    assert high == pytest.approx(wanted.high, abs=1e-12)
