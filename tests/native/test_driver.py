"""The driver and its connections against servers that misbehave in one exact way each."""

from __future__ import annotations

import json
import socket
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from aisbench._native.os.clock import now_ns
from tests.native.servers import DONE, HEAD, Drive, read_request, serving, token
from tests.waiting import readable, wait_until

pytestmark = pytest.mark.usefixtures("each_reader")

pytestmark = pytest.mark.xdist_group("timing")


def test_connections_are_kept_and_used_again(tmp_path: Path) -> None:
    numbers = []

    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            numbers.append(number)
            client.sendall(HEAD + token() + token() + DONE)

    with serving(handle) as address:
        rows = Drive(tmp_path, address, count=20, in_flight=2).run()
    assert len(numbers) == 20
    assert set(numbers) == {0, 1}
    assert (rows["status"] == 1).all()
    assert (rows["content_events"] == 2).all()
    assert rows["reused"].sum() == 18


@pytest.mark.parametrize("ending", ["close", "http10", "until-close"])
def test_a_server_that_closes_after_each_answer_costs_a_connection_not_a_request(
    ending: str, tmp_path: Path
) -> None:
    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        event = b'data: {"choices": [{"text": "x", "finish_reason": "stop"}]}\n\n'
        if ending == "close":
            client.sendall(HEAD.replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n") + token() + DONE)
        elif ending == "http10":
            client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(event), event))
        else:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event)

    with serving(handle) as address:
        rows = Drive(tmp_path, address, count=5).run()
    assert (rows["status"] == 1).all()
    assert (rows["reused"] == 0).all()


def test_a_request_that_met_a_closed_idle_connection_is_sent_once_more(tmp_path: Path) -> None:
    requests = []

    def handle(client: socket.socket, number: int) -> None:
        requests.append(read_request(client))
        client.sendall(HEAD + token() + DONE)
        if number == 0:
            # Takes the second request, then closes without a word: the race of every keep-alive.
            read_request(client)

    def run() -> Drive:
        with serving(handle) as address:
            drive = Drive(tmp_path, address, count=2)
            drive.run()
        return drive

    drive = run()
    rows = drive.rows()
    assert (rows["status"] == 1).all()
    assert rows["attempts"].tolist() == [1, 2]
    assert drive.live["stale_retries"] == 1
    assert drive.live["sent"] == 2
    assert requests[1].split(b"\r\n\r\n")[0].endswith(b"X-Request-Id: t-1\r\nContent-Length: 2")


def test_a_closed_idle_connection_is_recognised_by_a_client_that_was_held_up(tmp_path: Path) -> None:
    """The server's kernel acknowledged nothing of the request, however late the client looks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        drive = Drive(tmp_path, listener.getsockname(), count=2)
        drive.start()
        first, _ = listener.accept()
        while not readable(first, 0.0):
            drive.turn()
        read_request(first)
        first.sendall(HEAD + token() + DONE)
        while drive.live["sent"] < 2:
            drive.turn()
        first.close()
        late_ns = now_ns() + 60_000_000
        while now_ns() < late_ns:
            pass
        while not readable(listener, 0.0):
            assert not drive.driver.finished
            drive.turn()
        second, _ = listener.accept()
        with second:
            while not readable(second, 0.0):
                drive.turn()
            read_request(second)
            second.sendall(HEAD + token() + DONE)
            while not drive.driver.finished:
                drive.turn()
    rows = drive.rows()
    assert rows["status"].tolist() == [1, 1]
    assert rows["attempts"].tolist() == [1, 2]


def test_a_first_request_that_is_not_answered_is_a_failure(tmp_path: Path) -> None:
    def read_only(client: socket.socket, number: int) -> None:
        read_request(client)

    with serving(read_only) as address:
        drive = Drive(tmp_path, address)
        rows = drive.run()
    assert rows["status"].tolist() == [2]
    assert drive.failures == [
        (0, "connection_reset", 0, b"the server closed the connection without an answer")
    ]


def test_a_reset_is_a_failure_of_its_own_kind(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(HEAD + token())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with serving(handle) as address:
        drive = Drive(tmp_path, address)
        drive.run()
    assert drive.failures[0][1] in ("connection_reset", "stream_cut")


def test_a_refused_connection_is_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        drive = Drive(tmp_path, taken.getsockname(), count=3)
        drive.run()
    assert [failure[1] for failure in drive.failures] == ["connect"] * 3
    assert b"refused" in drive.failures[0][3]


def test_the_kernels_stamp_is_kept_when_the_reader_comes_late(tmp_path: Path) -> None:
    """The reader sleeps through two tokens' arrival; their times are when they came, not when they were read."""
    sent: list[tuple[int, int]] = []
    go_on = threading.Event()

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        for piece in (HEAD + token(), token()):
            before_ns = now_ns()
            client.sendall(piece)
            sent.append((before_ns, now_ns()))
            go_on.wait(10)
        client.recv(1)

    with serving(handle) as address:
        drive = Drive(tmp_path, address)
        drive.start()
        while not drive.live["token_events"]:
            drive.turn()
        go_on.set()
        wait_until(lambda: len(sent) == 2)
        late_ns = sent[1][1] + 30_000_000
        wait_until(lambda: now_ns() >= late_ns)
        while drive.live["token_events"] < 2:
            drive.turn()
        row = drive.rows()[0]
    # On loopback the bytes arrive within the send call. The clocks are paired to within microseconds.
    for moment, (before_ns, after_ns) in zip(("first_token_ns", "last_token_ns"), sent, strict=True):
        assert before_ns - 50_000 <= row[moment] <= after_ns + 50_000
    assert row["client_delay_max_ns"] >= 25_000_000
    assert drive.live["reads"] == drive.live["reads_stamped"] == 2
    assert row["merged_reads"] == 0


def test_a_merged_first_token_has_a_lower_bound_that_holds(tmp_path: Path) -> None:
    """Two tokens wait in the socket: the kernel keeps the last one's stamp, so the first is only bounded."""
    sent_ns: list[int] = []

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(HEAD + token())
        sent_ns.append(now_ns())
        wait_until(lambda: now_ns() >= sent_ns[0] + 20_000_000)
        client.sendall(token())
        sent_ns.append(now_ns())
        client.recv(1)

    with serving(handle) as address:
        drive = Drive(tmp_path, address)
        drive.start()
        while drive.live["sent"] == 0:
            drive.turn()
        wait_until(lambda: len(sent_ns) == 2)
        while drive.live["token_events"] < 2:
            drive.turn()
        row = drive.rows()[0]
    assert row["merged_reads"] == 1
    assert row["merged_events"] == 1
    assert row["first_token_low_ns"] <= sent_ns[0] < row["first_token_ns"]
    assert row["first_token_low_ns"] >= row["sent_ns"]


def test_a_lone_first_token_is_exact(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(HEAD + token())
        client.recv(1)

    with serving(handle) as address:
        drive = Drive(tmp_path, address)
        drive.start()
        while not drive.live["token_events"]:
            drive.turn()
        row = drive.rows()[0]
    assert row["first_token_low_ns"] == row["first_token_ns"]


def test_time_outs_strike_only_those_that_wait(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            if b"X-Request-Id: t-1\r\n" in request:
                client.sendall(HEAD + token())
                client.recv(1)
                return
            client.sendall(HEAD + token() + DONE)

    with serving(handle) as address:
        drive = Drive(tmp_path, address, count=4, in_flight=2, timeout_ns=300_000_000)
        rows = drive.run()
    assert rows["status"].tolist() == [1, 2, 1, 1]
    assert [failure[:2] for failure in drive.failures] == [(1, "timeout")]


@pytest.mark.xdist_group("timing")
def test_tickets_later_than_the_bound_are_dropped_and_counted(tmp_path: Path) -> None:
    hold = threading.Event()

    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            hold.wait(10)
            client.sendall(HEAD + token() + DONE)

    with serving(handle) as address:
        offsets = [0, 1_000_000, 2_000_000, 900_000_000]
        drive = Drive(tmp_path, address, count=4, offsets_ns=offsets, drop_after_ns=50_000_000)
        drive.start()
        begun_ns = now_ns()
        while now_ns() < begun_ns + 100_000_000:
            drive.turn()
        hold.set()
        while not drive.driver.finished:
            drive.turn()
        rows = drive.rows()
    assert rows["status"].tolist() == [1, 4, 4, 1]
    assert drive.live["dropped"] == 2
    assert drive.live["sent"] == 2


def test_a_free_slot_wakes_nobody_while_no_ticket_is_due(tmp_path: Path) -> None:
    """The ticket that waited for the slot was dropped, and the next is due in an hour."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        drive = Drive(
            tmp_path,
            taken.getsockname(),
            count=2,
            offsets_ns=[0, 3_600_000_000_000],
            drop_after_ns=50_000_000,
        )
        assert drive.slots.take()
        drive.start()
        while not drive.live["dropped"]:
            drive.driver.expire()
        assert drive.live["taken"] == 2
        drive.slots.put()
        drive.driver.on_wake()
        assert not readable(drive.driver.fd, 0.0)


def test_large_bodies_are_sent_whole(tmp_path: Path) -> None:
    lengths = []

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            lengths.append(len(request.partition(b"\r\n\r\n")[2]))
            client.sendall(HEAD + token() + DONE)

    body = b"[" + b"1," * 4_000_000 + b"1]"
    with serving(handle) as address:
        rows = Drive(tmp_path, address, count=2, bodies=(body,)).run()
    assert (rows["status"] == 1).all()
    assert lengths == [len(body)] * 2


@pytest.mark.parametrize("counts_chunks", [False, True])
def test_an_opening_chunk_without_text_is_a_token_only_when_asked_for(
    counts_chunks: bool, tmp_path: Path
) -> None:
    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(HEAD + token(""))
        opened_ns = now_ns()
        wait_until(lambda: now_ns() >= opened_ns + 20_000_000)
        client.sendall(token() + token() + DONE)

    with serving(handle) as address:
        row = Drive(tmp_path, address, counts_chunks=counts_chunks).run()[0]
    assert row["content_events"] == (3 if counts_chunks else 2)
    waited_ns = row["first_token_ns"] - row["first_chunk_ns"]
    assert waited_ns == 0 if counts_chunks else waited_ns >= 19_000_000


def test_an_answer_without_content_is_no_success(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(HEAD + token("") + DONE)

    with serving(handle) as address:
        drive = Drive(tmp_path, address)
        drive.run()
    assert drive.failures[0][1] == "no_output"


def test_texts_are_kept_with_their_escapes(tmp_path: Path) -> None:
    texts = ['a "b"', "\n", "é😀", "\\"]

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(HEAD + b"".join(map(token, texts)) + DONE)

    with serving(handle) as address:
        drive = Drive(tmp_path, address, text=True)
        row = drive.run()[0]
    drive.recorder.flush()
    kept = (tmp_path / "text-0.bin").read_bytes()[: row["text_log_bytes"]]
    assert json.loads(kept) == {"content": "".join(texts), "reasoning": ""}


def test_giving_up_marks_what_was_in_flight(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(HEAD + token())
        client.recv(1)

    with serving(handle) as address:
        drive = Drive(tmp_path, address, count=10, in_flight=3)
        drive.start()
        while drive.live["token_events"] < 3:
            drive.turn()
        drive.driver.cancel()
        rows = drive.rows()
    assert drive.driver.finished
    assert rows["status"].tolist() == [3, 3, 3]
    assert np.count_nonzero(rows["done_ns"]) == 3
    assert drive.failures == []


def test_a_connection_that_the_server_ended_with_its_answer_is_not_used_again(tmp_path: Path) -> None:
    """The end came with the last bytes and is seen by their event alone; the server hears no more."""
    ended = threading.Event()
    served: list[int] = []

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        served.append(number)
        client.sendall(HEAD + token() + DONE)
        client.shutdown(socket.SHUT_WR)
        ended.set()
        while client.recv(65536):
            pass

    with serving(handle) as address:
        case = Drive(tmp_path, address, count=3, timeout_ns=5_000_000_000)
        case.start()
        while case.live["sent"] == 0:
            case.turn()
        # Nothing is read before the end is there, too.
        assert ended.wait(10)
        while not case.driver.finished:
            case.turn()
        rows = case.rows()
    assert case.failures == []
    assert rows["status"].tolist() == [1, 1, 1]
    assert served == [0, 1, 2]
    # So the second goes elsewhere at once.
    assert rows["attempts"][:2].tolist() == [1, 1]
