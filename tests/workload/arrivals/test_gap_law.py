"""The law of the gaps against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aisbench.workload.arrivals.gap_law import SLACK, gamma_cdf, gap_cdf, ks_distance


def erlang_cdf(shape: int, x: float) -> float:
    """1 - e^-x times the sum of x^i / i! for i < shape: the closed form for whole shapes."""
    return 1 - math.fsum(math.exp(i * math.log(x) - x - math.lgamma(i + 1)) for i in range(shape))


@pytest.mark.parametrize("shape", [1, 2, 7, 60, 400])
def test_whole_shapes_agree_with_erlang(shape: int) -> None:
    x = np.linspace(0.01, 3 * shape + 30, 400)
    wanted = [erlang_cdf(shape, value) for value in x]
    assert gamma_cdf(shape, x) == pytest.approx(wanted, abs=1e-10)


def test_shape_one_half_is_the_error_function() -> None:
    x = np.linspace(0, 50, 400)
    assert gamma_cdf(0.5, x) == pytest.approx([math.erf(math.sqrt(value)) for value in x], abs=1e-12)


def test_large_shapes_are_close_enough() -> None:
    x = np.linspace(800, 1200, 200)
    assert gamma_cdf(1000, x) == pytest.approx([erlang_cdf(1000, value) for value in x], abs=3e-5)


@pytest.mark.parametrize("shape", [0.01, 0.4, 1.0, 33.0, 1e6, math.inf])
def test_every_law_rises_from_0_to_1(shape: float) -> None:
    cdf = gap_cdf(shape, np.array([-1.0, 0.0, 0.2, 0.9, 1.0, 1.5, 1e4]))
    assert cdf[0] == 0.0
    assert cdf[1] == 0.0
    assert (np.diff(cdf) >= 0).all()
    assert cdf[-1] == pytest.approx(1.0, abs=1e-9)


def test_distances_of_constant_gaps() -> None:
    assert ks_distance(np.ones(100), math.inf) == 0.0
    within = np.sort(np.linspace(1 - 0.9 * SLACK, 1 + 0.9 * SLACK, 100))
    assert ks_distance(within, math.inf) == 0.0
    third_too_short = np.sort(np.r_[np.full(30, 0.5), np.full(70, 1.0)])
    assert ks_distance(third_too_short, math.inf) == pytest.approx(0.3)
    tenth_too_long = np.sort(np.r_[np.full(10, 2.0), np.full(90, 1.0)])
    assert ks_distance(tenth_too_long, math.inf) == pytest.approx(0.1)


def test_distance_of_constant_gaps_from_poisson() -> None:
    """All gaps at 1: the empirical step stands farthest from 1 - e^-x just below and at 1."""
    wanted = max(1 - math.exp(-(1 - SLACK)), math.exp(-(1 + SLACK)))
    assert ks_distance(np.ones(1000), 1.0) == pytest.approx(wanted, abs=1e-9)


def test_a_long_run_is_judged_by_a_part_of_it_with_the_same_result() -> None:
    gaps = np.sort(np.random.default_rng(5).exponential(size=100_000) ** 1.3)
    whole = np.abs(np.arange(1, 100_001) / 100_000 - (1 - np.exp(-gaps)))
    assert ks_distance(gaps, 1.0) <= whole.max()
    assert ks_distance(gaps, 1.0) == pytest.approx(ks_distance(gaps[::10], 1.0), abs=1e-3)
