"""Which in-flight slots move between nodes."""

from __future__ import annotations

from hypothesis import given as given_by
from hypothesis import strategies as st

from aisbench.engine.cluster.rebalance import Room, given, unused

ROOMS = st.lists(st.builds(Room, st.integers(0, 50), st.booleans()), min_size=1, max_size=8)


def test_nothing_moves_while_no_node_is_at_its_limit() -> None:
    assert unused([Room(4, True), Room(9, False)]) == [0, 0]
    assert unused([Room(0, False), Room(9, True)]) == [0, 0]


def test_a_node_that_has_sent_all_gives_all_and_another_half() -> None:
    rooms = [Room(0, True), Room(9, False), Room(7, True), Room(0, True)]
    assert unused(rooms) == [0, 9, 3, 0]
    assert given(9, rooms) == [5, 0, 0, 4]


@given_by(ROOMS)
def test_no_slot_is_made_or_lost(rooms: list[Room]) -> None:
    taken = unused(rooms)
    assert all(0 <= count <= room.free for count, room in zip(taken, rooms, strict=True))
    for count in taken:
        parts = given(count, rooms)
        assert sum(parts) == count
        assert all(room.wants and room.free == 0 for part, room in zip(parts, rooms, strict=True) if part)
