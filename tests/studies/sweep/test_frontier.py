"""The Pareto frontier, against its definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aisbench.studies.sweep.frontier import frontier

Places = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


def beaten(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return other != one and other[0] >= one[0] and other[1] >= one[1]


@given(Places)
def test_it_has_the_points_that_no_other_beats(places: list[tuple[int, int]]) -> None:
    wanted = {at for at, one in enumerate(places) if not any(beaten(one, other) for other in places)}
    found = frontier(places)
    assert set(found) == wanted
    assert len(found) == len(wanted)
    assert [places[at][0] for at in found] == sorted(places[at][0] for at in found)


def test_examples() -> None:
    assert frontier([]) == []
    assert frontier([(1, 1)]) == [0]
    assert frontier([(10, 100), (20, 90), (15, 80), (30, 10)]) == [0, 1, 3]
