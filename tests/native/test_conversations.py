"""Conversations: each turn waits for the answer before and holds it."""

from __future__ import annotations

import json
import socket
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench._native.conversations import Conversations
from tests.native.servers import DONE, HEAD, Drive, read_request, serving, token

pytestmark = pytest.mark.usefixtures("each_reader")


class Server:
    """Answers each request with its number as text; keeps the bodies by connection."""

    def __init__(self, close_after: int = 1000) -> None:
        self.asked: list[tuple[int, str]] = []
        self.close_after = close_after

    def __call__(self, client: socket.socket, number: int) -> None:
        for _ in range(self.close_after):
            request = read_request(client)
            if not request:
                return
            body = request.partition(b"\r\n\r\n")[2].decode()
            self.asked.append((number, body))
            client.sendall(HEAD + token(f'"{body[0]}') + token("é") + DONE)


def drive(folder: Path, address: tuple[str, int], turns: list[int], **more: Any) -> Drive:
    """Conversations with so many turns each; the body of turn t of c is `c:t` and a hole for each answer before."""
    first = array("q", np.concatenate([[0], np.cumsum(turns)]).tolist())
    bodies = tuple(
        f"{chr(97 + c)}:{t}".encode() + b"".join(b"[\0]" for _ in range(t))
        for c, count in enumerate(turns)
        for t in range(count)
    )
    think_ns = array("q", [more.pop("think_ns", 0)] * len(bodies))
    more.setdefault("count", len(turns))
    return Drive(folder, address, bodies=bodies, conversations=Conversations(first, think_ns), **more)


def answer(letter: str) -> str:
    """As it stands inside a JSON string."""
    return json.dumps(f'"{letter}é')[1:-1]


def test_turns_hold_the_answers_before(tmp_path: Path) -> None:
    server = Server()
    with serving(server) as address:
        rows = drive(tmp_path, address, [3, 1, 2], in_flight=1).run()
    said = {letter: f"[{answer(letter)}]" for letter in "abc"}
    assert [body for _, body in server.asked] == [
        "a:0",
        f"a:1{said['a']}",
        f"a:2{said['a']}{said['a']}",
        "b:0",
        "c:0",
        f"c:1{said['c']}",
    ]
    assert rows["conversation"].tolist() == [0, 0, 0, 1, 2, 2]
    assert rows["turn"].tolist() == [0, 1, 2, 0, 0, 1]
    assert rows["slot"].tolist() == [0, 1, 2, 3, 4, 5]
    assert set(rows["status"]) == {1}
    # A turn is planned for when the answer before was complete.
    assert rows["planned_ns"][1] >= rows["done_ns"][0]
    assert rows["sent_ns"][1] >= rows["planned_ns"][1]


def test_a_conversation_stays_on_its_connection(tmp_path: Path) -> None:
    server = Server()
    with serving(server) as address:
        rows = drive(tmp_path, address, [4] * 6, in_flight=3).run()
    assert len(rows) == 24
    for letter in "abcdef":
        assert len({number for number, body in server.asked if body[0] == letter}) == 1


def test_a_conversation_goes_on_where_the_server_closes_connections(tmp_path: Path) -> None:
    server = Server(close_after=2)
    with serving(server) as address:
        rows = drive(tmp_path, address, [5, 5], in_flight=2).run()
    assert set(rows["status"]) == {1}
    assert len(rows) == 10


@pytest.mark.parametrize("keep_alive", [True, False])
def test_thinking_takes_its_time_and_keeps_the_slot(tmp_path: Path, keep_alive: bool) -> None:
    server = Server()
    with serving(server) as address:
        case = drive(tmp_path, address, [3, 3, 3, 3], in_flight=2, think_ns=30_000_000, keep_alive=keep_alive)
        rows = case.run()
    by_turn = rows[np.lexsort((rows["turn"], rows["conversation"]))].reshape(4, 3)
    pauses = by_turn["sent_ns"][:, 1:] - by_turn["done_ns"][:, :-1]
    assert (pauses >= 30_000_000).all()
    # Two conversations at a time: the third begins when one of the first has ended.
    assert by_turn["sent_ns"][2, 0] > by_turn["done_ns"][:2, 2].min()


def test_a_failed_turn_ends_its_conversation_alone(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            if b"a:1" in request:
                client.sendall(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
            else:
                client.sendall(HEAD + token("x") + DONE)

    with serving(handle) as address:
        case = drive(tmp_path, address, [3, 3], in_flight=1)
        rows = case.run()
    assert rows["status"].tolist() == [1, 2, 1, 1, 1]
    assert [kind for _, kind, _, _ in case.failures] == ["http_status"]


def test_at_the_end_nobody_is_asked_again(tmp_path: Path) -> None:
    server = Server()
    with serving(server) as address:
        case = drive(tmp_path, address, [50, 50], in_flight=2, think_ns=3_600_000_000_000)
        case.start()
        while len(server.asked) < 2 or case.driver.in_flight:
            case.turn()
        assert not case.driver.finished
        case.driver.exhaust()
        assert case.driver.finished
    assert len(server.asked) == 2


def test_conversations_begin_again_behind_the_last(tmp_path: Path) -> None:
    server = Server()
    with serving(server) as address:
        rows = drive(tmp_path, address, [2, 1], count=4, in_flight=1).run()
    assert rows["slot"].tolist() == [0, 1, 2, 3, 4, 5]
    assert rows["conversation"].tolist() == [0, 0, 1, 2, 2, 3]
    assert [body[:3] for _, body in server.asked] == ["a:0", "a:1", "b:0", "a:0", "a:1", "b:0"]


def test_turns_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Conversations(array("q", [0, 2]), array("q", [0]))


def test_a_message_without_an_answer_is_left_out(tmp_path: Path) -> None:
    """The first answer is all reasoning, as a server of completions says by no text; the second has text."""
    asked: list[str] = []

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            asked.append(request.partition(b"\r\n\r\n")[2].decode())
            client.sendall(HEAD + token("" if len(asked) == 1 else "yes") + DONE)

    bodies = (b"0:", b"1:(\1{\0}, \2)", b"2:(\1{\0}, \2\1{\0}, \2) [\0]")
    with serving(handle) as address:
        Drive(
            tmp_path,
            address,
            bodies=bodies,
            conversations=Conversations(array("q", [0, 3]), array("q", [0, 0, 0])),
            count=1,
            counts_chunks=True,
        ).run()
    assert asked == ["0:", "1:()", "2:({yes}, ) []"]
