"""The split of prompts into prefix and rest, against the hits in a cache of their tokens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.errors import BadInput
from aisbench.workload.cache_hits import theoretical_hits
from aisbench.workload.prefixes.sharing import found_tokens, shared_blocks


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=30),
    st.integers(1, 5),
    st.booleans(),
)
def test_what_is_found_is_what_a_cache_finds(rows: list[tuple[int, int]], block: int, filled: bool) -> None:
    groups, shared = np.array([g for g, _ in rows]), np.array([s for _, s in rows])
    # The blocks of a prefix, and then one that no other prompt has.
    lists = [[100 * g + i for i in range(s)] + [1000 + row] for row, (g, s) in enumerate(rows)]
    fill = [[100 * g + i for i in range(6)] for g in range(5)] if filled else []
    lengths = [len(ids) * block for ids in (*fill, *lists)]
    hits = theoretical_hits([*fill, *lists], lengths, block).tokens[len(fill) :]
    assert found_tokens(groups, shared, block, filled=filled).tolist() == hits.tolist()


def test_blocks_are_spread_evenly_and_the_first_prompts_hold_them_all() -> None:
    groups = np.array([0, 1, 0, 1, 0, 1])
    three = np.zeros(3, dtype=np.int64)
    assert shared_blocks(three, 80, 16, 0.2, filled=False).tolist() == [2, 1, 2]
    # 0.25 of 6 * 64 tokens are 6 blocks of 16, on four prompts.
    assert shared_blocks(groups, 64, 16, 0.25, filled=False).tolist() == [1, 2, 1, 2, 1, 2]
    assert shared_blocks(groups, 64, 16, 0.25, filled=True).tolist() == [1] * 6
    assert shared_blocks(groups, 64, 16, 0.0, filled=False).tolist() == [0] * 6


def test_shares_out_of_reach_name_the_nearest() -> None:
    groups = np.array([0, 1, 0, 1])
    with pytest.raises(
        BadInput, match=r"--prefix-hit-rate 0.9 cannot be reached: 4 prompts of 64 tokens with 2 .*"
    ):
        shared_blocks(groups, 64, 16, 0.9, filled=False)
    with pytest.raises(
        BadInput, match=r"give at most 0.375; give that, a longer --input-len, more requests, or --fill"
    ):
        shared_blocks(groups, 64, 16, 0.9, filled=False)
    with pytest.raises(BadInput, match=r"give at most 0.75; give that, a longer --input-len$"):
        shared_blocks(groups, 64, 16, 0.9, filled=True)
    with pytest.raises(BadInput, match=r"tokens give 0.0625; give that, or more requests$"):
        shared_blocks(groups, 64, 16, 0.09, filled=True)
