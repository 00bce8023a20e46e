"""The hits of an endless prefix cache and of one with LRU, against a slow model of each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.workload.cache_hits import Hits, theoretical_hits, token_blocks


def modelled(
    block_lists: list[list[int | str]], lengths: list[int], block: int, capacity: int | None
) -> list[int]:
    """Plain lists: the cache holds whole beginnings of prompts, the most recently used last."""
    cache: list[tuple[int | str, ...]] = []
    found = []
    for ids, length in zip(block_lists, lengths, strict=True):
        beginnings = [tuple(ids[: n + 1]) for n in range(min(len(ids), length // block))]
        hits = 0
        while hits < len(beginnings) and beginnings[hits] in cache:
            hits += 1
        found.append(hits * block)
        for one in reversed(beginnings):
            if one in cache:
                cache.remove(one)
            cache.append(one)
            if capacity is not None and len(cache) > capacity:
                del cache[0]
    return found


IDS = st.lists(st.integers(0, 3), max_size=6)


@given(
    st.lists(st.tuples(IDS, st.integers(0, 14)), max_size=12),
    st.integers(1, 4),
    st.one_of(st.none(), st.integers(0, 9)),
)
def test_hits_are_those_of_a_slow_model(
    rows: list[tuple[list[int | str], int]], block: int, capacity: int | None
) -> None:
    lists, lengths = [ids for ids, _ in rows], [length for _, length in rows]
    hits = theoretical_hits(lists, lengths, block, capacity)
    assert hits.tokens.tolist() == modelled(lists, lengths, block, capacity)
    assert hits.prompt_tokens.tolist() == lengths


def test_ids_may_be_texts_or_numbers_of_any_size() -> None:
    lists: list[list[int | str]] = [["a", 2**70], ["a", 2**70, 3], ["a", 2**70 + 1]]
    assert theoretical_hits(lists, [8, 12, 8], 4).tokens.tolist() == [0, 8, 4]


def test_a_partial_block_is_never_found() -> None:
    assert theoretical_hits([[1, 2], [1, 2]], [7, 7], 4).tokens.tolist() == [0, 4]


def test_the_same_block_after_other_blocks_is_not_found() -> None:
    assert theoretical_hits([[1, 2], [3, 2], [2]], [8, 8, 4], 4).tokens.tolist() == [0, 0, 0]


def test_ids_of_another_scope_are_other_blocks() -> None:
    lists = [[1, 2], [1, 2], [1, 2], [2]]
    assert theoretical_hits(lists, [8, 8, 8, 4], 4, scopes=[0, 1, 0, 5]).tokens.tolist() == [0, 0, 8, 0]
    assert theoretical_hits(lists, [8, 8, 8, 4], 4, 2, scopes=[0, 1, 0, 5]).tokens.tolist() == [0, 0, 0, 0]


def test_the_share_is_of_all_tokens() -> None:
    assert theoretical_hits([[1], [1]], [6, 4], 4).share == 0.4
    assert theoretical_hits([], [], 4).share == 0.0
    assert Hits(np.zeros(1, np.int64), np.zeros(1, np.int64)).share == 0.0


def test_a_small_cache_keeps_the_beginnings_of_what_came_last() -> None:
    lists = [[1, 2, 3, 4], [1, 2, 3, 4], [9], [1, 2, 3]]
    assert theoretical_hits(lists, [16, 16, 4, 12], 4, 3).tokens.tolist() == [0, 12, 0, 8]
    assert theoretical_hits(lists, [16, 16, 4, 12], 4, 0).tokens.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("block", "lengths", "capacity"), [(0, [4], None), (4, [4, 4], None), (4, [4], -1)])
def test_numbers_that_do_not_fit_are_refused(block: int, lengths: list[int], capacity: int | None) -> None:
    with pytest.raises(ValueError, match="block must be at least 1"):
        theoretical_hits([[1]], lengths, block, capacity)


def test_blocks_of_tokens_are_equal_where_their_tokens_are() -> None:
    one, two, three = token_blocks([1, 2, 3, 4, 1, 2, 9], 2)
    assert one == three != two
    assert token_blocks(np.array([1, 2], np.int32), 2) == [one]
    assert token_blocks([1], 2) == []
