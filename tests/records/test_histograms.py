"""Merged buckets against the values that went into them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench._native.memory.histogram import BUCKET_COUNT, bucket_index
from aisbench.records.histograms import FIRST_NS, LAST_NS, Histogram
from tests.analysis.made_runs import histogram_record

PERCENTS = [0, 1, 25, 50, 75, 90, 99, 99.9, 100]


def histogram_of(values: np.ndarray) -> Histogram:
    return Histogram.of_record(histogram_record(values)[0])


@given(st.integers(0, (1 << 44) - 1))
def test_bucket_bounds_are_the_inverse_of_the_core(value: int) -> None:
    index = bucket_index(value)
    assert FIRST_NS[index] <= value <= LAST_NS[index]


def test_buckets_meet_without_gaps() -> None:
    assert FIRST_NS[0] == 0
    assert (FIRST_NS[1:] == LAST_NS[:-1] + 1).all()
    assert len(FIRST_NS) == BUCKET_COUNT
    assert LAST_NS[-1] == (1 << 44) - 1


@pytest.mark.parametrize("spread", [0.01, 0.5, 2.0])
def test_percentiles_within_a_thousandth_of_the_exact(spread: float) -> None:
    values = np.random.default_rng(3).lognormal(np.log(1e7), spread, 20_000).astype(np.int64)
    found = histogram_of(values).percentiles_ns(PERCENTS)
    np.testing.assert_allclose(found, np.percentile(values, PERCENTS), rtol=1e-3)


@given(st.lists(st.integers(0, 5_000_000_000), min_size=1, max_size=60))
def test_few_values_interpolate_as_numpy_does(values: list[int]) -> None:
    found = histogram_of(np.array(values)).percentiles_ns(PERCENTS)
    np.testing.assert_allclose(found, np.percentile(values, PERCENTS), rtol=1e-3, atol=1e-9)


def test_count_mean_and_std_are_exact_after_merging() -> None:
    values = np.random.default_rng(4).integers(1_000, 90_000_000, 5_000)
    merged = histogram_of(values[:1200]).plus(histogram_of(values[1200:])).plus(Histogram.empty())
    assert merged.count == len(values)
    assert merged.mean_ns == pytest.approx(values.mean(), rel=1e-12)
    assert merged.std_ns == pytest.approx(values.std(), rel=1e-9)
    assert (merged.min_ns, merged.max_ns) == (values.min(), values.max())


def test_nothing_counted_gives_zeros() -> None:
    empty = Histogram.empty()
    assert (empty.mean_ns, empty.std_ns, empty.percentiles_ns([50, 99])) == (0.0, 0.0, [0.0, 0.0])
    assert empty.count_above(0) == 0


def test_count_above_takes_whole_buckets() -> None:
    assert histogram_of(np.array([100, 1_000_000, 3_000_000, 9_000_000])).count_above(2_000_000) == 2
