"""The limit on requests without a first token, by a server's own count."""

from __future__ import annotations

import socket
import threading
from array import array
from pathlib import Path
from typing import Any

import pytest

from aisbench._native.conversations import Conversations
from aisbench._native.memory.shared import Slots
from tests.native.servers import DONE, HEAD, Drive, read_request, serving, token


class Server:
    """Keeps each request without a first token until `enough` are, and with one until `going` have one."""

    def __init__(self, enough: int = 1, going: int = 1) -> None:
        self.enough, self.going = enough, going
        self.lock = threading.Lock()
        self.full, self.flowing = threading.Event(), threading.Event()
        self.waiting = self.peak = self.flow = self.most = 0

    def __call__(self, client: socket.socket, number: int) -> None:
        while read_request(client):
            with self.lock:
                self.waiting += 1
                self.peak = max(self.peak, self.waiting)
                if self.waiting >= self.enough:
                    self.full.set()
            self.full.wait(20)
            with self.lock:
                self.waiting -= 1
                self.flow += 1
                self.most = max(self.most, self.flow)
                if self.flow >= self.going:
                    self.flowing.set()
            client.sendall(HEAD + token())
            self.flowing.wait(20)
            with self.lock:
                self.flow -= 1
            client.sendall(token() + DONE)


def taken(slots: Slots) -> int:
    return sum(iter(slots.take, False))


def test_a_place_is_free_again_with_the_first_token(tmp_path: Path) -> None:
    server, places = Server(enough=2, going=6), Slots(count=2)
    with serving(server) as address:
        case = Drive(tmp_path, address, count=30, in_flight=6, prefills=places)
        rows = case.run()
    assert set(rows["status"]) == {1}
    # All six have been in flight, and never more than two of them without a first token.
    assert (server.peak, server.most) == (2, 6)
    assert (taken(places), taken(case.slots)) == (2, 6)


def test_workers_share_the_places(tmp_path: Path) -> None:
    server, places = Server(enough=3, going=4), Slots(count=3)
    with serving(server) as address:
        cases = [Drive(tmp_path / name, address, count=30, in_flight=4, prefills=places) for name in "ab"]
        for case in cases:
            case.start()
        while not all(case.driver.finished for case in cases):
            for case in cases:
                case.turn()
    assert server.peak == 3
    assert taken(places) == 3


@pytest.mark.parametrize("keeps_slot", [True, False])
def test_turns_wait_for_places_too(tmp_path: Path, keeps_slot: bool) -> None:
    server, places = Server(), Slots(count=1)
    first, think_ns = array("q", [0, 3, 6, 9, 12]), array("q", [0] * 12)
    after_first = array("q", [0, *(n for c in range(4) for n in (c * 2, c * 2 + 1, c * 2 + 2))])
    none = array("q", [0] * 13), array("q")
    talks = Conversations(first, think_ns, after_first, array("q", [0, 0] * 4), *none)
    with serving(server) as address:
        case = Drive(
            tmp_path,
            address,
            count=4,
            in_flight=3,
            bodies=(b"{}",) * 12,
            conversations=talks,
            keeps_slot=keeps_slot,
            prefills=places,
        )
        rows = case.run()
    assert len(rows) == 12
    assert server.peak == 1
    assert (taken(places), taken(case.slots)) == (1, 3)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", b"", HEAD + b"5\r\nbad\n\n\r\n"]
)
def test_a_request_that_fails_gives_its_place_back(tmp_path: Path, answer: bytes) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            if not answer:
                return
            client.sendall(answer)

    places = Slots(count=1)
    with serving(handle) as address:
        case = Drive(tmp_path, address, count=6, in_flight=3, prefills=places, timeout_ns=200_000_000)
        rows = case.run()
    assert rows["status"].tolist() == [2] * 6
    assert (taken(places), taken(case.slots)) == (1, 3)


@pytest.mark.parametrize("sessions", [True, False])
def test_at_the_end_nobody_in_line_is_sent(tmp_path: Path, sessions: bool) -> None:
    asked: list[bytes] = []
    go_on = threading.Event()

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            asked.append(request)
            go_on.wait(20)
            client.sendall(HEAD + token() + DONE)

    more: dict[str, Any] = {}
    if sessions:
        more["conversations"] = Conversations(array("q", range(6)), array("q", [0] * 5))
    places = Slots(count=1)
    with serving(handle) as address:
        case = Drive(tmp_path, address, count=5, in_flight=3, bodies=(b"{}",) * 5, prefills=places, **more)
        case.start()
        while not asked:
            case.turn()
        case.driver.exhaust()
        go_on.set()
        while not case.driver.finished:
            case.turn()
    assert len(asked) == 1
    assert (taken(places), taken(case.slots)) == (1, 3)
