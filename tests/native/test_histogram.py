from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aisbench._native.memory.histogram import (
    BUCKET_COUNT,
    HISTOGRAM_FIELDS,
    HISTOGRAMS,
    HistogramFile,
    bucket_index,
)


@given(st.integers(0, 2**44 - 1), st.integers(0, 2**44 - 1))
def test_buckets_are_in_order(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert 0 <= bucket_index(low) <= bucket_index(high) < BUCKET_COUNT


@given(st.integers(2048, 2**44 - 1))
def test_a_bucket_is_at_most_a_thousandth_wide(value: int) -> None:
    assert (
        bucket_index(value) != bucket_index(value + value // 1000 + 2) or value + value // 1000 + 2 >= 2**44
    )


def test_values_too_long_are_counted_in_the_last_bucket() -> None:
    assert bucket_index(2**60) == BUCKET_COUNT - 1


def test_sums_are_exact_and_survive_in_the_file(tmp_path: Path) -> None:
    values = [0, 1, 2047, 2048, 10_000_000, 123_456_789]
    histogram = HistogramFile(str(tmp_path / "hist"))
    for value in values:
        histogram.add("itl", value)
    for read in (histogram.to_bytes(), (tmp_path / "hist").read_bytes()):
        itl = np.frombuffer(read, np.dtype(HISTOGRAM_FIELDS))[HISTOGRAMS.index("itl")]
        assert (itl["count"], itl["sum_ns"], itl["min_ns"], itl["max_ns"]) == (6, sum(values), 0, 123_456_789)
        assert itl["buckets"].sum() == 6
        assert itl["buckets"][bucket_index(10_000_000)] == 1
