"""Tickets, in-flight slots, wake-ups and deaths, in every order in which their steps can fall."""

from __future__ import annotations

import pytest

from tests.model.exploring import Violated, explore
from tests.model.slots import Model


def states(model: Model) -> int:
    return explore(model.start(), model.steps, model.check, model.ends, model.by_chance)


@pytest.mark.parametrize(
    ("limit", "tickets", "deaths"), [(1, 4, 0), (2, 4, 0), (1, 3, 1), (2, 3, 1), (1, 3, 2)]
)
def test_no_order_of_steps_breaks_the_limit_or_leaves_a_worker_asleep(
    limit: int, tickets: int, deaths: int
) -> None:
    assert states(Model(workers=2, limit=limit, tickets=tickets, most_deaths=deaths)) > 500


@pytest.mark.parametrize(
    ("part", "limit", "deaths", "said"),
    [
        # A watch that sees only slots given after it began: the one given just before wakes nobody.
        ("level", 1, 0, "all sleep and nothing wakes them"),
        ("atomic", 2, 0, "a ticket was taken twice"),
        # What the dead counted themselves: the kernel may have counted one more.
        ("conservation", 1, 1, "all sleep and nothing wakes them"),
        ("second look", 2, 1, "3 slots are free at the end"),
        ("odd", 2, 1, "3 slots are free at the end"),
    ],
)
def test_the_exploration_finds_a_fault(part: str, limit: int, deaths: int, said: str) -> None:
    model = Model(workers=2, limit=limit, tickets=3, most_deaths=deaths, without=frozenset({part}))
    with pytest.raises(Violated, match=said) as found:
        states(model)
    assert found.value.path
