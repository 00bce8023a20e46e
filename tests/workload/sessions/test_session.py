"""Turns in the order in which they can go, and what is left of a session without some of them."""

from __future__ import annotations

import pytest

from aisbench.workload.files.bad_lines import BadLine
from aisbench.workload.sessions.session import Turn, chain, holes, kept, ordered

MESSAGE = ({"role": "user", "content": "x"},)


def turn(base: int | None = None, after: tuple[int, ...] = (), quotes: tuple[int, ...] = ()) -> Turn:
    return Turn(MESSAGE, base, after, quotes)


def test_turns_are_sorted_only_where_they_must_be() -> None:
    there = ordered("s", [turn(), turn(0), turn(0), turn(0, (1, 2))])
    assert [one.waits_for for one in there.turns] == [(), (0,), (0,), (0, 1, 2)]
    moved = ordered("s", [turn(2), turn(0), turn()])
    assert [one.base for one in moved.turns] == [None, 0, 1]


def test_circles_and_turns_that_are_not_there_are_named() -> None:
    with pytest.raises(
        BadLine, match=r"wait for each other: 'a' waits for 'b' waits for 'a'|'b' waits for 'a' waits"
    ):
        ordered("s", [turn(1), turn(0)], ["a", "b"])
    with pytest.raises(BadLine, match="wait for each other"):
        ordered("s", [turn(after=(0,))])
    with pytest.raises(BadLine, match="turn 0 waits for a turn that does not exist"):
        ordered("s", [turn(after=(4,))])


def test_holes_are_those_of_the_base_then_its_answer_then_quotes() -> None:
    session = ordered("s", [turn(), turn(0), turn(None, (0,)), turn(1, (2,), (2,)), turn(3)])
    assert holes(session) == [[], [0], [], [0, 1, 2], [0, 1, 2, 3]]
    assert not session.is_chain
    assert chain("c", [turn(), turn(), turn()]).is_chain


def test_who_waited_for_a_turn_that_is_left_out_waits_for_what_that_waited_for() -> None:
    session = ordered("s", [turn(), turn(None, (0,)), turn(1), turn(0, (2,))])
    left = kept(session, [0, 1, 3])
    assert [(one.base, one.after) for one in left.turns] == [(None, ()), (None, (0,)), (0, (1,))]
