"""Requests that the client aborts on purpose."""

from __future__ import annotations

import socket
import threading
from array import array
from pathlib import Path

import pytest

from aisbench._native.conversations import Conversations
from aisbench._native.memory.recorder import STATUSES
from aisbench._native.memory.shared import Slots
from aisbench._native.sending.aborts import Aborts
from tests.native.servers import DONE, HEAD, Drive, read_request, serving, token
from tests.waiting import readable

pytestmark = pytest.mark.usefixtures("each_reader")

MS = 1_000_000
OK, ABORTED = STATUSES.index("ok"), STATUSES.index("aborted")


class Server:
    """Sends `tokens` tokens; endless ones, if `tokens` is 0, until the client is gone."""

    def __init__(self, tokens: int = 0) -> None:
        self.tokens = tokens
        self.gone = 0
        self.lock = threading.Lock()

    def __call__(self, client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(HEAD)
            if self.tokens:
                client.sendall(token() * self.tokens + DONE)
                continue
            client.sendall(token())
            # Nothing more is to come from a client but its end.
            assert client.recv(1) == b""
            with self.lock:
                self.gone += 1
            return


def test_all_are_aborted_after_a_time(tmp_path: Path) -> None:
    server = Server()
    with serving(server) as address:
        case = Drive(tmp_path, address, count=8, in_flight=3, aborts=Aborts(1.0, 0, 200 * MS))
        rows = case.run()
    assert set(rows["status"]) == {ABORTED}
    assert (rows["done_ns"] - rows["sent_ns"] >= 200 * MS).all()
    assert (rows["first_token_ns"] > 0).all()
    assert rows["error"].tolist() == [0] * 8
    assert case.failures == []
    assert (case.live["aborted"], case.live["failed"], case.live["ok"]) == (8, 0, 0)
    assert sum(iter(case.slots.take, False)) == 3
    # A request that is aborted closes its connection.
    assert case.driver.open_connections == 0


def test_requests_are_aborted_with_a_token(tmp_path: Path) -> None:
    """The rest of each answer may have come in the same read; then it is aborted all the same, unless it has ended."""

    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(HEAD)
            for _ in range(3):
                client.sendall(token())
            client.recv(1)
            return

    with serving(handle) as address:
        rows = Drive(tmp_path, address, count=4, in_flight=2, aborts=Aborts(1.0, 0, -1, 2)).run()
    assert set(rows["status"]) == {ABORTED}
    assert set(rows["content_events"]) <= {2, 3}


def test_an_answer_that_ended_before_is_complete(tmp_path: Path) -> None:
    with serving(Server(tokens=3)) as address:
        rows = Drive(tmp_path / "a", address, count=4, aborts=Aborts(1.0, 0, -1, 50)).run()
        assert set(rows["status"]) == {OK}
        rows = Drive(tmp_path / "b", address, count=4, aborts=Aborts(1.0, 0, 3_600_000 * MS)).run()
        assert set(rows["status"]) == {OK}


def chosen(folder: Path, seed: int, in_flight: int) -> list[int]:
    """The tickets that were aborted of 40. An answer goes on only once the client has read its first token."""
    lock, said = threading.Lock(), 0

    def handle(client: socket.socket, number: int) -> None:
        nonlocal said
        while read_request(client):
            with lock:
                said += 1
                client.sendall(HEAD + token())
            while not readable(client, 0.002):
                with lock:
                    everything_was_read = case.live["token_events"] == said
                if everything_was_read:
                    client.sendall(DONE)
                    break

    with serving(handle) as address:
        aborts = Aborts(0.25, seed, -1, 1)
        case = Drive(folder, address, count=40, in_flight=in_flight, aborts=aborts)
        rows = case.run()
        # A thread that waits on an idle connection would keep the case that keeps the connection.
        case.driver.cancel()
    tickets: list[int] = rows["slot"][rows["status"] == ABORTED].tolist()
    return tickets


def test_the_seed_chooses_however_they_are_sent(tmp_path: Path) -> None:
    one = chosen(tmp_path / "a", 5, 1)
    assert 3 <= len(one) <= 18
    assert chosen(tmp_path / "b", 5, 4) == one
    assert chosen(tmp_path / "c", 6, 4) != one


def test_an_aborted_turn_ends_its_conversation_and_gives_all_back(tmp_path: Path) -> None:
    server, places = Server(), Slots(count=1)
    talks = Conversations(array("q", [0, 3, 6]), array("q", [0] * 6))
    with serving(server) as address:
        case = Drive(
            tmp_path,
            address,
            count=2,
            in_flight=2,
            bodies=(b"{}",) * 6,
            conversations=talks,
            aborts=Aborts(1.0, 0, 5 * MS),
            prefills=places,
        )
        rows = case.run()
    assert rows["turn"].tolist() == [0, 0]
    assert places.take()
    assert sum(iter(case.slots.take, False)) == 2
