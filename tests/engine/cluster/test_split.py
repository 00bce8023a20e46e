"""The split of a plan and of a limit between nodes: each request once, and each node its share at any time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench._native.memory.shared import SharedBlock
from aisbench.engine.cluster.fleet import split
from aisbench.engine.cluster.split import places_of, rounds, split_limit, tickets_of
from aisbench.engine.crew.crew import Share

WEIGHTS = st.lists(st.integers(1, 64), min_size=1, max_size=12)


def test_equal_nodes_take_turns() -> None:
    assert rounds([4, 4, 4]) == [(0,), (1,), (2,)]
    assert rounds([7]) == [(0,)]


def test_places_are_spread_by_weight() -> None:
    assert rounds([2, 1]) == [(0, 2), (1,)]
    assert rounds([5, 1, 1]) == [(0, 1, 3, 5, 6), (2,), (4,)]


@given(WEIGHTS, st.integers(0, 500))
def test_each_place_of_the_plan_is_one_node_s(weights: list[int], total: int) -> None:
    own = rounds(weights)
    length = sum(map(len, own))
    counts = [tickets_of(total, length, places) for places in own]
    assert sum(counts) == total
    found = np.concatenate(
        [places_of(count, length, places) for count, places in zip(counts, own, strict=True)]
    )
    assert sorted(found.tolist()) == list(range(total))


@given(WEIGHTS)
def test_no_node_is_two_requests_from_its_share_at_any_time(weights: list[int]) -> None:
    own = rounds(weights)
    length, whole = sum(map(len, own)), sum(weights)
    for places, weight in zip(own, weights, strict=True):
        taken = np.cumsum(np.isin(np.arange(length), places))
        assert np.abs(taken - np.arange(1, length + 1) * weight / whole).max() < 2


@given(WEIGHTS, st.integers(0, 10_000))
def test_a_limit_is_split_exactly(weights: list[int], more: int) -> None:
    limit = len(weights) + more
    parts = split_limit(limit, weights)
    assert sum(parts) == limit
    assert min(parts) >= 1
    shares = [1 + more * weight / sum(weights) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, shares, strict=True))


@pytest.mark.parametrize("tickets", [-1, 11])
def test_the_core_has_the_same_places(tickets: int, tmp_path) -> None:  # type: ignore[no-untyped-def]
    offsets = np.arange(11, dtype=np.int64) * 1000
    whole = Share(tickets, offsets, in_flight=7, prefills=3, most_each=100)
    shares = split(whole, [2, 1])
    assert [share.in_flight for share in shares] == [4, 3]
    assert [share.prefills for share in shares] == [2, 1]
    assert [share.tickets for share in shares] == ([-1, -1] if tickets < 0 else [7, 4])
    for rank, share in enumerate(shares):
        block = SharedBlock.create(
            str(tmp_path / str(rank)), 1, share.tickets, share.offsets_ns, share.round, share.own
        )
        places = [block.place(ticket) for ticket in range(len(share.offsets_ns))]
        assert places == places_of(len(places), share.round, share.own).tolist()
        assert share.offsets_ns.tolist() == offsets[places].tolist()
