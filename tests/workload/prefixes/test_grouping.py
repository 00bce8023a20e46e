"""How often each prefix is used, and in what order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prefixes.grouping import in_order, shares, weights_of


def test_prompts_are_shared_out_by_weight() -> None:
    assert shares(10, np.ones(4)).tolist() == [3, 3, 2, 2]
    assert shares(20, weights_of("weights:5,3,2", None, 10)).tolist() == [10, 6, 4]
    # 1, 1/2, 1/3 and 1/4 of 25/12.
    assert shares(100, weights_of("zipf:1", 4, 10)).tolist() == [48, 24, 16, 12]
    assert weights_of(None, None, 7).tolist() == [1.0] * 7


@given(st.integers(1, 500), st.lists(st.floats(0.01, 100), min_size=1, max_size=20))
def test_no_share_is_off_by_a_prompt(count: int, weights: list[float]) -> None:
    given_weights = np.array(weights)
    counts = shares(count, given_weights)
    assert counts.sum() == count
    assert (np.abs(counts - count * given_weights / given_weights.sum()) < 1).all()


def test_orders() -> None:
    counts = np.array([4, 2, 1])
    generator = np.random.default_rng(0)
    assert in_order(counts, "grouped", generator).tolist() == [0, 0, 0, 0, 1, 1, 2]
    assert in_order(counts, "interleaved", generator).tolist() == [0, 1, 0, 2, 0, 1, 0]
    assert in_order(np.array([2, 2, 2]), "interleaved", generator).tolist() == [0, 1, 2, 0, 1, 2]
    shuffled = in_order(np.full(20, 5), "random", generator)
    assert np.bincount(shuffled).tolist() == [5] * 20
    assert (np.diff(shuffled) != 0).sum() > 60


@pytest.mark.parametrize(
    "law", ["zipf", "zipf:-1", "zipf:x", "weights:", "weights:1,0", "weights:1,x", "even"]
)
def test_laws_that_cannot_be_read(law: str) -> None:
    with pytest.raises(BadInput, match="--prefix-popularity must be uniform, zipf:S"):
        WorkloadOptions(count=1, model="m", dataset="prefix-repetition", prefix_popularity=law).check()


def test_weights_are_as_many_as_prefixes() -> None:
    with pytest.raises(BadInput, match="has 2 weights for --num-prefixes 3; give one for each"):
        weights_of("weights:1,2", 3, 10)
