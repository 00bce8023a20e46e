"""What is computed here against scipy, which computes it in other ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from aisbench.analysis.statistics.distributions import (
    binomial_ranks,
    never_falling,
    student_cdf,
    student_quantile,
)

DEGREES = st.integers(1, 400)


# Nearer to 0, scipy returns exactly 0.5.
@given(st.floats(-200, 200).filter(lambda t: t == 0 or abs(t) > 1e-4), DEGREES)
def test_students_t(t: float, degrees: int) -> None:
    assert student_cdf(t, degrees) == pytest.approx(scipy.stats.t.cdf(t, degrees), abs=1e-12)


@given(st.floats(-1e-4, 1e-4))
def test_students_t_near_0(t: float) -> None:
    """With one degree of freedom, it is Cauchy's distribution."""
    assert student_cdf(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-15)


@given(st.floats(0.51, 0.9999), DEGREES)
def test_quantiles_of_students_t(level: float, degrees: int) -> None:
    assert student_quantile(level, degrees) == pytest.approx(scipy.stats.t.ppf(level, degrees), rel=1e-7)


@pytest.mark.parametrize(
    # From the printed tables, one-sided.
    ("degrees", "level", "value"),
    [
        (1, 0.95, 6.314),
        (2, 0.95, 2.920),
        (5, 0.975, 2.571),
        (11, 0.95, 1.796),
        (11, 0.999, 4.025),
        (30, 0.99, 2.457),
    ],
)
def test_quantiles_are_those_of_the_tables(degrees: int, level: float, value: float) -> None:
    assert student_quantile(level, degrees) == pytest.approx(value, abs=6e-4)
    assert student_cdf(value, degrees) == pytest.approx(level, abs=1e-4)
    assert student_cdf(-value, degrees) == pytest.approx(1 - level, abs=1e-4)


@pytest.mark.parametrize(
    ("degrees", "value"), [(1, 12.7062), (2, 4.30265), (4, 2.77645), (10, 2.22814), (200, 1.97190)]
)
def test_quantiles_of_97_5_percent(degrees: int, value: float) -> None:
    """From tables with more digits."""
    assert student_quantile(0.975, degrees) == pytest.approx(value, rel=1e-5)


@given(st.integers(1, 20_000), st.floats(0.001, 0.999), st.floats(0.5, 0.999))
def test_binomial_ranks(count: int, p: float, level: float) -> None:
    """Each is the one nearest to the quantile, or next to it by rounding, that misses seldom enough."""
    tail, slack = (1 - level) / 2, 1e-9
    below = scipy.stats.binom(count, p).cdf
    low, high = binomial_ranks(count, p, level)
    assert below((low or 1) - 1) <= tail + slack or low is None
    assert below(low or 0) >= tail - slack
    assert high is None or below(high - 1) >= 1 - tail - slack
    assert below((high or count + 1) - 2) <= 1 - tail + slack


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 1e3)), min_size=1, max_size=60),
)
def test_a_fit_that_never_falls(points: list[tuple[float, float]]) -> None:
    values, weights = zip(*points, strict=True)
    wanted = scipy.optimize.isotonic_regression(values, weights=weights).x
    np.testing.assert_allclose(never_falling(values, weights), wanted, rtol=1e-9, atol=1e-9)


def test_without_values_there_is_nothing_to_fit() -> None:
    assert never_falling([], []) == []
