"""The first turns of users, and how many turns the sessions have that they begin with."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench._native.conversations import Conversations
from aisbench.workload.arrivals.users import Users, asked_turns


def test_first_turns_are_spread_over_one_interval() -> None:
    law = Users(8.0)
    assert law.offsets_ns(4).tolist() == [0, 125_000_000, 250_000_000, 375_000_000]
    assert (law.name, law.steady_rate, law.peak_rate, law.count_within(2.5)) == ("users", 8.0, 8.0, 20)
    assert law.expected(np.array([0.25, 9.0]), 4).tolist() == [2.0, 4.0]


def test_users_begin_with_fewer_and_fewer_turns_left() -> None:
    assert asked_turns(np.array([4, 4, 4, 4, 4]), 4).tolist() == [1, 2, 3, 4, 4]
    assert asked_turns(np.array([1, 9, 3]), 2).tolist() == [1, 9, 3]
    assert asked_turns(np.array([9]), 3).tolist() == [3]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 40))
def test_no_session_has_more_turns_than_before_or_none(turns: list[int], users: int) -> None:
    before = np.array(turns)
    asked = asked_turns(before, users)
    assert (asked >= 1).all()
    assert (asked <= before).all()
    assert asked[users - 1 :].tolist() == turns[users - 1 :]


def test_sessions_that_fork_have_no_single_next_turn() -> None:
    first, think = array("q", [0, 2]), array("q", [0, 0])
    edges = {"after_first": array("q", [0, 0, 1]), "after": array("q", [0])}
    with pytest.raises(ValueError, match="users take one turn after another"):
        Conversations(first, think, **edges, users=1, gap_ns=5)
