"""Turns that have an earliest time: they go then, or when what they wait for has ended, if that is later."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pytest

from aisbench._native.conversations import Conversations
from aisbench.engine.turns import read_conversations, write_conversations
from aisbench.workload.prompts import Conversations as Planned
from tests.native.servers import Drive, serving
from tests.native.test_sessions import MS, Server, edges

pytestmark = pytest.mark.usefixtures("each_reader")

CHAIN = [[], [0], [1]]


def chain(not_before_ns: list[int], think_ns: list[int]) -> Conversations:
    none = edges([[[] for _ in CHAIN]])
    return Conversations(
        array("q", [0, len(CHAIN)]),
        array("q", think_ns),
        *edges([CHAIN]),
        *none,
        array("q", not_before_ns),
    )


def test_a_turn_goes_at_its_time_or_when_the_answer_has_come(tmp_path: Path) -> None:
    with serving(Server()) as address:
        # The second turn ends after the third one's time.
        talks = chain([0, 30 * MS, 1], [0, 0, 0])
        case = Drive(tmp_path, address, bodies=(b"a:0", b"a:1", b"a:2"), conversations=talks)
        rows = case.run()
    assert rows["planned_ns"][1] - rows["planned_ns"][0] >= 30 * MS
    assert rows["sent_ns"][1] >= rows["planned_ns"][1] >= rows["done_ns"][0]
    assert rows["planned_ns"][2] == rows["done_ns"][1]


def test_a_pause_after_the_earliest_time_still_counts(tmp_path: Path) -> None:
    with serving(Server()) as address:
        talks = chain([0, 0, 1], [0, 20 * MS, 0])
        case = Drive(tmp_path, address, bodies=(b"a:0", b"a:1", b"a:2"), conversations=talks)
        rows = case.run()
    assert rows["planned_ns"][1] == rows["done_ns"][0] + 20 * MS
    assert rows["planned_ns"][2] == rows["done_ns"][1]


def test_the_file_of_turns_keeps_earliest_times(tmp_path: Path) -> None:
    first, nothing = np.array([0, 2]), np.zeros(2, np.int64)
    after_first, after = np.array([0, 0, 1]), np.array([0])
    planned = Planned(first, nothing, after_first, after, not_before_ns=np.array([0, 25 * MS]))
    write_conversations(tmp_path / "turns", planned)
    with serving(Server()) as address:
        talks = read_conversations(tmp_path / "turns")
        rows = Drive(tmp_path, address, bodies=(b"a:0", b"a:1"), conversations=talks).run()
    assert rows["planned_ns"][1] - rows["planned_ns"][0] >= 25 * MS


def test_there_is_a_time_for_each_turn() -> None:
    with pytest.raises(ValueError, match="the earliest times of the turns do not add up"):
        chain([0], [0, 0, 0])
    with pytest.raises(ValueError, match="the earliest times of the turns do not add up"):
        Planned(np.array([0, 1]), np.zeros(1, np.int64), not_before_ns=np.zeros(2, np.int64))
