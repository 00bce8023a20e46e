"""Sessions whose turns are a graph: forks, joins, slots for branches, answers that are missing."""

from __future__ import annotations

import socket
import threading
from array import array
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench._native.conversations import Conversations
from aisbench.engine.turns import read_conversations, write_conversations
from aisbench.workload.prompts import Conversations as Planned
from tests.native.servers import DONE, HEAD, Drive, read_request, serving, token

Edges = list[list[int]]
DIAMOND: Edges = [[], [0], [0], [1, 2]]
BOOM = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
MS = 1_000_000


def edges(of_turns: list[Edges]) -> tuple[array[int], array[int]]:
    """The edges of the turns of several sessions, as arrays."""
    every = [turn for session in of_turns for turn in session]
    return array("q", accumulate(map(len, every), initial=0)), array("q", [e for turn in every for e in turn])


def graph(
    after: list[Edges], fills: list[Edges] | None = None, think_ns: list[int] | None = None
) -> Conversations:
    first = array("q", accumulate(map(len, after), initial=0))
    filled = edges(fills if fills is not None else [[[] for _ in one] for one in after])
    return Conversations(first, array("q", think_ns or [0] * first[-1]), *edges(after), *filled)


def drive(folder: Path, address: tuple[str, int], after: list[Edges], **more: Any) -> Drive:
    """The body of turn t of session s is `s:t`, with a hole for each turn that fills it."""
    fills = more.pop("fills", None)
    bodies = tuple(
        f"{chr(97 + s)}:{t}".encode() + b"[\0]" * (len(fills[s][t]) if fills else 0)
        for s, one in enumerate(after)
        for t in range(len(one))
    )
    more.setdefault("count", len(after))
    talks = graph(after, fills, more.pop("think_ns", None))
    return Drive(folder, address, bodies=bodies, conversations=talks, **more)


def free_slots(case: Drive) -> int:
    return sum(iter(case.slots.take, False))


class Server:
    """Answers `<s:t>`, or fails where `fails` says so; calls `meanwhile(turn)` before it answers."""

    def __init__(
        self, fails: tuple[str, ...] = (), meanwhile: Callable[[str], None] = lambda _: None
    ) -> None:
        self.asked: list[str] = []
        self.connections: dict[str, int] = {}
        self.fails = fails
        self.meanwhile = meanwhile
        self.lock = threading.Lock()
        self.active = self.peak = 0

    def __call__(self, client: socket.socket, number: int) -> None:
        while request := read_request(client):
            body = request.partition(b"\r\n\r\n")[2].decode()
            turn = body[:3]
            with self.lock:
                self.asked.append(body)
                self.connections[turn] = number
                self.active += 1
                self.peak = max(self.peak, self.active)
            self.meanwhile(turn)
            with self.lock:
                self.active -= 1
            client.sendall(BOOM if turn in self.fails else HEAD + token(f"<{turn}>") + DONE)


def test_branches_run_beside_each_other_and_join(tmp_path: Path) -> None:
    both = threading.Barrier(2)

    def meanwhile(turn: str) -> None:
        if turn in ("a:1", "a:2"):
            both.wait(20)

    server = Server(meanwhile=meanwhile)
    with serving(server) as address:
        case = drive(tmp_path, address, [DIAMOND], fills=[[[], [0], [0], [2, 1]]], in_flight=2)
        rows = case.run()
    assert sorted(server.asked) == ["a:0", "a:1[<a:0>]", "a:2[<a:0>]", "a:3[<a:2>][<a:1>]"]
    assert rows["turn"].tolist() == [0, 1, 2, 3]
    assert set(rows["status"]) == {1}
    assert rows["planned_ns"][3] >= rows["done_ns"][1:3].max()
    assert free_slots(case) == 2


def test_one_slot_is_enough_for_any_graph(tmp_path: Path) -> None:
    server = Server()
    fan: Edges = [[], *[[0]] * 5, [1, 2, 3, 4, 5]]
    with serving(server) as address:
        case = drive(tmp_path, address, [fan, DIAMOND], in_flight=1)
        rows = case.run()
    assert server.peak == 1
    assert len(rows) == 11
    assert set(rows["status"]) == {1}
    # A session keeps its slot: the second begins behind the first.
    assert [one[0] for one in server.asked] == ["a"] * 7 + ["b"] * 4
    assert free_slots(case) == 1


@pytest.mark.parametrize("keeps_slot", [True, False])
def test_no_more_branches_than_slots_are_in_flight(tmp_path: Path, keeps_slot: bool) -> None:
    server = Server()
    fan: Edges = [[], *[[0]] * 6, [1, 2, 3, 4, 5, 6]]
    with serving(server) as address:
        case = drive(tmp_path, address, [fan] * 6, in_flight=3, keeps_slot=keeps_slot)
        rows = case.run()
    assert len(rows) == 48
    assert set(rows["status"]) == {1}
    assert server.peak <= 3
    assert free_slots(case) == 3


@pytest.mark.parametrize("keeps_slot", [True, False])
def test_workers_share_the_limit(tmp_path: Path, keeps_slot: bool) -> None:
    """Two drivers with the same slots, whose sessions fork wider than these reach."""
    full = threading.Event()

    def meanwhile(turn: str) -> None:
        if server.active >= 3:
            full.set()
        if not turn.endswith("0"):
            full.wait(20)

    server = Server(meanwhile=meanwhile)
    fan: Edges = [[], *[[0]] * 5, [1, 2, 3, 4, 5], [6]]
    with serving(server) as address:
        cases = [
            drive(tmp_path / name, address, [fan] * 8, in_flight=3, keeps_slot=keeps_slot) for name in "ab"
        ]
        cases[1].driver.attach(cases[1].block, 0, cases[0].slots, cases[1].recorder, 2)
        for case in cases:
            case.start()
        while not all(case.driver.finished for case in cases):
            for case in cases:
                case.turn()
    assert server.peak == 3
    assert [len(case.rows()) for case in cases] == [64, 64]
    assert all((case.rows()["status"] == 1).all() for case in cases)
    assert free_slots(cases[0]) == 3


def test_a_chain_stays_on_its_connection_beside_its_branches(tmp_path: Path) -> None:
    server = Server()
    two_chains: Edges = [[], [0], [0], [1], [2], [3], [4], [5, 6]]
    with serving(server) as address:
        drive(tmp_path, address, [two_chains], in_flight=2).run()
    on = [server.connections[f"a:{turn}"] for turn in range(8)]
    assert on[0] == on[1] == on[3] == on[5] == on[7]
    assert on[2] == on[4] == on[6] != on[0]


@pytest.mark.parametrize(
    ("fills", "sent"),
    [
        # The join only waits for both branches.
        ([[], [0], [0], []], [0, 1, 2, 3]),
        ([[], [0], [0], [2]], [0, 1, 2, 3]),
        # The join repeats the answer of the branch that fails.
        ([[], [0], [0], [1]], [0, 1, 2]),
    ],
)
def test_only_a_turn_that_lacks_an_answer_is_not_sent(tmp_path: Path, fills: Edges, sent: list[int]) -> None:
    server = Server(fails=("a:1",))
    with serving(server) as address:
        case = drive(tmp_path, address, [DIAMOND, DIAMOND], fills=[fills, fills], in_flight=1)
        rows = case.run()
    assert rows["turn"][rows["conversation"] == 0].tolist() == sent
    assert rows["turn"][rows["conversation"] == 1].tolist() == [0, 1, 2, 3]
    assert free_slots(case) == 1


def test_what_follows_a_turn_that_is_not_sent_is_not_sent_either(tmp_path: Path) -> None:
    """Turn 2 lacks an answer, and so turn 3; turn 4 only waits for them."""
    after: Edges = [[], [0], [1], [2], [2, 3]]
    fills: Edges = [[], [0], [1], [2], [0]]
    server = Server(fails=("a:1",))
    with serving(server) as address:
        drive(tmp_path, address, [after], fills=[fills]).run()
    assert server.asked == ["a:0", "a:1[<a:0>]", "a:4[<a:0>]"]


def test_a_pause_counts_from_the_last_end_and_a_delay_from_the_start(tmp_path: Path) -> None:
    server = Server()
    after: Edges = [[], [], [0, 1]]
    with serving(server) as address:
        case = drive(tmp_path, address, [after], think_ns=[0, 30 * MS, 20 * MS], in_flight=2)
        rows = case.run()
    assert rows["planned_ns"][1] >= rows["planned_ns"][0] + 30 * MS
    assert rows["planned_ns"][2] == rows["done_ns"][:2].max() + 20 * MS
    assert rows["sent_ns"][2] >= rows["planned_ns"][2]


def test_a_session_that_thinks_can_lend_its_slot(tmp_path: Path) -> None:
    server = Server()
    with serving(server) as address:
        case = drive(
            tmp_path,
            address,
            [[[], [0]], [[], [0]]],
            think_ns=[0, 50 * MS, 0, 50 * MS],
            in_flight=1,
            keeps_slot=False,
        )
        rows = case.run()
    assert server.asked == ["a:0", "b:0", "a:1", "b:1"]
    assert server.peak == 1
    assert set(rows["status"]) == {1}
    assert case.driver.finished


def test_due_turns_go_before_new_sessions(tmp_path: Path) -> None:
    server = Server()
    chain: Edges = [[], [0], [1]]
    with serving(server) as address:
        drive(tmp_path, address, [chain] * 3, in_flight=1, keeps_slot=False).run()
    assert server.asked == [f"{s}:{t}" for s in "abc" for t in range(3)]


@pytest.mark.parametrize("keeps_slot", [True, False])
def test_at_the_end_no_turn_in_line_is_sent(tmp_path: Path, keeps_slot: bool) -> None:
    go_on = threading.Event()

    def meanwhile(turn: str) -> None:
        if turn != "a:0":
            go_on.wait(20)

    server = Server(meanwhile=meanwhile)
    fan: Edges = [[], *[[0]] * 8]
    with serving(server) as address:
        case = drive(tmp_path, address, [fan], in_flight=2, keeps_slot=keeps_slot)
        case.start()
        while len(server.asked) < 3:
            case.turn()
        case.driver.exhaust()
        assert not case.driver.finished
        go_on.set()
        while not case.driver.finished:
            case.turn()
    assert len(server.asked) == 3
    assert free_slots(case) == 2


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        ([[], [1]], "cannot come after turn 1"),
        ([[], [-1]], "cannot come after"),
        ([[0]], "cannot come after"),
    ],
)
def test_edges_lead_to_earlier_turns(after: Edges, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        graph([after])
    with pytest.raises(ValueError, match=problem):
        planned([after], None)


def planned(after: list[Edges], fills: list[Edges] | None) -> Planned:
    first = np.array([0, *accumulate(map(len, after))])
    more = [np.array(one) for one in (*edges(after), *(edges(fills) if fills else ()))]
    return Planned(first, np.zeros(first[-1], np.int64), *more)


def test_a_turn_waits_for_what_it_repeats() -> None:
    planned([DIAMOND], [[[], [0], [0], [0, 1, 2]]])
    with pytest.raises(ValueError, match="turn 2 of a conversation repeats an answer that it does not wait"):
        planned([DIAMOND], [[[], [0], [0, 1], []]])
    with pytest.raises(ValueError, match=r"turn 2 .* repeats"):
        planned([DIAMOND], None)


@pytest.mark.parametrize("fills", [None, [[[], [0], [1]], [[]]]])
def test_the_file_of_turns_keeps_the_graph(tmp_path: Path, fills: list[Edges] | None) -> None:
    after: list[Edges] = [[[], [0], [1]], [[]]]
    write_conversations(tmp_path / "turns", planned(after, fills))
    server = Server()
    bodies = (b"a:0", b"a:1[\0]", b"a:2[\0]" if fills else b"a:2[\0][\0]", b"b:0")
    with serving(server) as address:
        talks = read_conversations(tmp_path / "turns")
        assert (talks.count, talks.chained) == (2, False)
        Drive(tmp_path, address, bodies=bodies, conversations=talks, count=2).run()
    assert server.asked == ["a:0", "a:1[<a:0>]", "a:2[<a:1>]" if fills else "a:2[<a:0>][<a:1>]", "b:0"]
