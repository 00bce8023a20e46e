"""The intervals against distributions whose truth is known: 95 % must hold it about as often."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest

from aisbench.studies.comparison import bootstrap
from aisbench.studies.comparison.bootstrap import Spread, difference, middle, resampled
from aisbench.studies.comparison.result import Sample

RUNS = 200
# Fewer than the package's, so that many runs take little time; the intervals are as wide.
REPLICATES = 500


def share_held(
    make: Callable[[np.random.Generator], Sample], truth: dict[str, float], *, seed: int = 1
) -> dict[str, float]:
    """How often the interval of each statistic holds its truth, over RUNS samples that `make` gives."""
    random = np.random.default_rng(seed)
    held = dict.fromkeys(truth, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "REPLICATES", REPLICATES)
        for _ in range(RUNS):
            for name, spread in resampled(make(random), tuple(truth), random).items():
                low, high = spread.interval()
                held[name] += low <= truth[name] <= high
    return {name: count / RUNS for name, count in held.items()}


def test_coverage_for_independent_requests() -> None:
    truth = {"mean": 10.0, "median": 10 * math.log(2), "p99": 10 * math.log(100)}
    found = share_held(lambda random: Sample.of_requests(random.exponential(10.0, 1000)), truth)
    assert 0.88 < found["mean"] < 0.99
    assert 0.88 < found["median"] < 0.99
    assert 0.84 < found["p99"] < 0.99


def test_coverage_for_requests_that_come_in_batches() -> None:
    """Five neighbours share most of their latency. Single requests resampled would hold 60 % or so."""

    def batches(random: np.random.Generator) -> Sample:
        shared = np.repeat(random.normal(0, 5, 200), 5)
        return Sample.of_requests(50 + shared + random.normal(0, 1, 1000))

    found = share_held(batches, {"mean": 50.0})
    assert found["mean"] > 0.86


def test_coverage_for_gaps_of_requests_that_differ() -> None:
    """A request's gaps are alike, so that 6,000 gaps of 300 requests tell as much as 300 values."""

    def gaps(random: np.random.Generator) -> Sample:
        means = random.normal(10, 1, 300)
        return Sample.of_gaps([mean + random.normal(0, 0.1, 20) for mean in means])

    found = share_held(gaps, {"mean": 10.0, "median": 10.0})
    assert 0.86 < found["mean"] < 0.995
    assert 0.86 < found["median"] < 0.995


def test_mean_gaps_give_the_same_as_single_ones() -> None:
    random = np.random.default_rng(3)
    gaps = [random.gamma(4, 2, count) for count in random.integers(0, 12, 400)]
    whole = resampled(Sample.of_gaps(gaps), ("mean", "p99"), np.random.default_rng(0))
    sums, counts = np.array([g.sum() for g in gaps]), np.array([len(g) for g in gaps])
    means = resampled(Sample.of_mean_gaps(sums, counts), ("mean", "p99"), np.random.default_rng(0))
    assert means.keys() == {"mean"}
    # The last requests may have no gap: then blocks are counted alike in both.
    assert means["mean"].interval() == pytest.approx(whole["mean"].interval(), rel=1e-4)


@pytest.mark.parametrize("count", [600, 40_000])
def test_quantiles_lie_about_the_measured_ones(count: int) -> None:
    """Also where there are more values than levels of the grid."""
    random = np.random.default_rng(5)
    values = random.lognormal(3, 0.5, count)
    found = resampled(Sample.of_requests(values), ("median", "p99"), random)
    for name, percent in (("median", 50), ("p99", 99)):
        assert np.median(found[name].draws) == pytest.approx(np.percentile(values, percent), rel=0.02)


def test_one_value_has_no_spread() -> None:
    found = resampled(
        Sample.of_requests(np.full(600, 7.0)), ("mean", "median", "p99"), np.random.default_rng(0)
    )
    for name in ("mean", "median", "p99"):
        assert found[name].interval() == pytest.approx((7.0, 7.0))


def test_too_few_requests_tell_nothing() -> None:
    few = Sample.of_requests(np.arange(1.0, 7.0))
    assert resampled(few, ("mean",), np.random.default_rng(0)) == {}
    assert resampled(Sample.of_requests(np.empty(0)), ("mean",), np.random.default_rng(0)) == {}
    some = Sample.of_requests(np.arange(1.0, 401.0))
    assert resampled(some, ("median", "p99"), np.random.default_rng(0)).keys() == {"median"}


def test_the_same_seed_the_same_interval() -> None:
    sample = Sample.of_requests(np.random.default_rng(1).exponential(5, 300))
    one = resampled(sample, ("mean",), np.random.default_rng(9))["mean"]
    other = resampled(sample, ("mean",), np.random.default_rng(9))["mean"]
    assert np.array_equal(one.draws, other.draws)


@pytest.mark.parametrize("repeats", [2, 3, 5])
def test_coverage_between_runs(repeats: int) -> None:
    """Runs that differ by 3 % from one to the next, truly 10 % apart."""
    random = np.random.default_rng(11)
    held = 0
    for _ in range(1000):
        first = 100 * np.exp(random.normal(0, 0.03, repeats))
        second = 110 * np.exp(random.normal(0, 0.03, repeats))
        found = difference(list(first), list(second), [None] * repeats, [None] * repeats)
        assert found is not None
        held += found[0] <= 0.10 <= found[1]
    assert 0.93 < held / 1000 < 0.97


def test_of_single_runs_only_the_requests_speak() -> None:
    random = np.random.default_rng(2)
    spreads = [Spread(random.normal(mean, 0.5, bootstrap.REPLICATES)) for mean in (100, 120)]
    assert difference([100], [120], [None], [spreads[1]]) is None
    found = difference([100], [120], [spreads[0]], [spreads[1]])
    assert found is not None
    error = statistics.NormalDist().inv_cdf(0.975) * math.hypot(0.5 / 100, 0.5 / 120)
    assert found == pytest.approx((1.2 * math.exp(-error) - 1, 1.2 * math.exp(error) - 1), abs=2e-3)


def test_repeats_of_the_same_requests_are_not_resampled() -> None:
    """Requests that wait ever longer, as under an overload: the same in each run, however much they differ."""
    wide = [Spread(np.random.default_rng(seed).normal(100, 10, bootstrap.REPLICATES)) for seed in range(4)]
    found = difference([100.0, 100.1], [101.0, 101.1], wide[:2], wide[2:])
    assert found is not None
    assert 0 < found[0] < 0.01 < found[1] < 0.02


def test_one_run_without_data_against_repeats_is_not_judged() -> None:
    spread = Spread(np.random.default_rng(0).normal(100, 1, bootstrap.REPLICATES))
    assert difference([100.0, 101.0, 99.0], [100.0], [spread] * 3, [None]) is None
    found = difference([100.0, 101.0, 99.0], [100.0], [spread] * 3, [spread])
    assert found is not None
    assert found[0] < 0 < found[1]


def test_nothing_is_relative_to_zero() -> None:
    assert difference([0.0, 1.0], [1.0, 1.0], [None] * 2, [None] * 2) is None


def test_middle_is_the_middle_95_percent() -> None:
    assert middle(np.arange(1001.0)) == pytest.approx((25.0, 975.0))
