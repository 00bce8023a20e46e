"""Records of TLS in reads of any size: every event is taken in the read that completes its record, and reads are few."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from aisbench.backends.openai_chat import CHAT
from tests.backends.reading import rules_of
from tests.faults.certificates import NAME, contexts, trusting
from tests.fuzz.wire import Peer, Wire
from tests.native.servers import HEAD
from tests.native.test_stream_faults import DONE, END, STOP, chat

TOKENS = [chat({"content": f" {n}"}) for n in range(20)]
PIECES = [HEAD, *(b"%x\r\n%b\r\n" % (len(data), data) for data in (*TOKENS, STOP, DONE)), END]


class Counting:
    """A client's context that counts the reads of its sessions, and those of them in vain."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.reads = self.vain = 0

    def wrap_bio(self, *args: Any, **kwargs: Any) -> Any:
        counting, session = self, self.context.wrap_bio(*args, **kwargs)

        class Session:
            do_handshake, write = session.do_handshake, session.write

            @staticmethod
            def read(*where: Any) -> Any:
                counting.reads += 1
                try:
                    return session.read(*where)
                except ssl.SSLWantReadError:
                    counting.vain += 1
                    raise

        return Session


@contextlib.contextmanager
def behind_tls(client: object) -> Iterator[Wire]:
    case: dict[str, Any] = {"rules": rules_of(CHAT), "tool_calls": CHAT.tool_calls, "must_finish": True}
    wire = Wire(**case, tls=client, server_name=NAME, server_tls=contexts()["good"])
    try:
        yield wire
    finally:
        wire.close()


def answered(wire: Wire, reads: Sequence[bytes], peer: Peer) -> None:
    """Answers the next request, which must be on `peer`, with `reads`; none may be left for a later one to take."""
    assert peer.request()
    row = wire.row(wire.answer(peer, reads))
    assert wire.failure(row) == ("", b"")
    assert row["content_events"] == len(TOKENS)
    assert wire.sent == sum(map(len, reads))


def halves(data: bytes) -> list[bytes]:
    return [data[: len(data) // 2], data[len(data) // 2 :]]


def test_a_record_a_read_is_read_once() -> None:
    client = Counting(trusting())
    with behind_tls(client) as wire:
        peer = wire.asked()
        answered(wire, [peer.sealed(piece) for piece in PIECES], peer)
        # The session tickets, which come after the handshake and hold nothing to read.
        tickets = client.vain
        assert tickets <= 2
        assert client.reads == len(PIECES) + tickets
        # The same connection, where the last read of the answer before has left nothing.
        assert wire.asked() is peer
        answered(wire, [peer.sealed(piece) for piece in PIECES], peer)
        assert client.reads == 2 * len(PIECES) + tickets
        assert client.vain == tickets


@pytest.mark.parametrize("size", [1, 5, 100, 1 << 20])
def test_reads_that_do_not_end_where_records_do(size: int) -> None:
    with behind_tls(trusting()) as wire:
        peer = wire.asked()
        for _ in range(2):
            assert wire.asked() is peer
            sealed = b"".join(map(peer.sealed, PIECES))
            answered(wire, [sealed[at : at + size] for at in range(0, len(sealed), size)], peer)


def test_an_event_is_taken_in_the_read_that_completes_its_record() -> None:
    """Also if the read begins with the end of another record, or ends with the beginning of one."""
    with behind_tls(trusting()) as wire:
        peer = wire.asked()
        assert peer.request()
        cut = [halves(peer.sealed(piece)) for piece in PIECES]
        peer.put(cut[0][0])
        for tokens, ((_, end), (beginning, _)) in enumerate(pairwise(cut[: len(TOKENS) + 1])):
            peer.put(end + beginning)
            wire.turn()
            assert wire.drive.live["token_events"] == tokens


def test_session_tickets_in_the_read_of_the_first_event(monkeypatch: pytest.MonkeyPatch) -> None:
    tickets: list[bytes] = []
    put = Peer.put

    def hold_tickets(peer: Peer, data: bytes) -> None:
        if peer.received and data and not tickets:
            tickets.append(data)
        else:
            put(peer, data)

    monkeypatch.setattr(Peer, "put", hold_tickets)
    with behind_tls(trusting()) as wire:
        peer = wire.asked()
        assert tickets
        sealed = [peer.sealed(piece) for piece in PIECES]
        answered(wire, [tickets[0] + sealed[0], *sealed[1:]], peer)


def test_the_end_of_tls_in_the_read_of_the_last_event() -> None:
    with behind_tls(trusting()) as wire:
        peer = wire.asked()
        sealed = [peer.sealed(piece) for piece in PIECES]
        assert peer.tls is not None
        with pytest.raises(ssl.SSLWantReadError):
            peer.tls.unwrap()
        answered(wire, [*sealed[:-1], sealed[-1] + peer.outgoing.read()], peer)
        assert wire.asked() is not peer
