"""Answers in TLS records of any sizes against the same answers without TLS; and bytes that are not TLS.

The first byte of an input says what happens: the answer in records (most values), or the rest of the input, as it is, in
place of the handshake or in the middle of an answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from random import Random
from zlib import crc32

from tests.faults.certificates import NAME, contexts, trusting
from tests.fuzz.engine import Check, Target
from tests.fuzz.reads import splits
from tests.fuzz.targets.exchange import CASES, EXCHANGE, alone, make_answer
from tests.fuzz.wire import Peer, Wire, Wires

_GARBAGE_FIRST, _GARBAGE_LATER = 1, 2
_BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: {}\n\n"


def _records(peer: Peer, answer: bytes) -> list[bytes]:
    """`answer` in records of random sizes, read in pieces that do not end where they do."""
    rng = Random(crc32(answer))
    sealed = b"".join(peer.sealed(piece) for piece in list(splits(answer))[-1 - rng.randrange(3)])
    return list(splits(sealed))[-1]


def _behind_tls(wire: Wire, answer: bytes, *, ends: bool) -> tuple[str, bytes]:
    """The failure of a request that is answered with `answer` in records. `ends`: TLS is closed as its standard says."""
    peer = wire.asked()
    assert peer.request()
    index = wire.settled
    pieces = _records(peer, answer)
    if ends and peer.tls is not None:
        with contextlib.suppress(OSError):
            peer.tls.unwrap()
        pieces.append(peer.outgoing.read())
    assert wire.answer(peer, pieces) == index
    return wire.failure(wire.row(index))


def _past_tls(wire: Wire, data: bytes, answer: bytes) -> tuple[str, bytes]:
    """The failure of a request to which `data` is sent as it is, after `answer` in records."""
    peer = wire.asked()
    if peer.tls is not None:
        assert peer.request()
    return wire.failure(
        wire.row(wire.answer(peer, [*([peer.sealed(answer)] if answer else []), *list(splits(data))[-1]]))
    )


@contextlib.contextmanager
def _opened() -> Iterator[Check]:
    client = {**CASES[0], "keep_alive": False, "tls": trusting(), "server_name": NAME}
    wires = Wires(
        {
            "plain": {**CASES[0], "keep_alive": False},
            "tls": {**client, "server_tls": contexts()["good"]},
            "none": client,
        }
    )

    def check(data: bytes) -> None:
        what, rest = (data[0], data[1:]) if data else (0, b"")
        if what == _GARBAGE_FIRST:
            kind, words = _past_tls(wires["none"], rest, b"")
            assert kind == "connect", f"{kind}: {words!r}"
        elif what == _GARBAGE_LATER:
            kind, words = _past_tls(wires["tls"], rest, _BEGUN)
            assert kind in ("bad_http", "stream_cut", "no_output", "connection_reset"), f"{kind}: {words!r}"
        else:
            wanted = alone(wires["plain"], [rest])[1]
            for ends in (False, True):
                assert _behind_tls(wires["tls"], rest, ends=ends) == wanted, f"TLS ends: {ends}"

    with wires.checking(check) as guarded:
        yield guarded


def _make(rng: Random) -> bytes:
    what = rng.choice((0, 0, 0, _GARBAGE_FIRST, _GARBAGE_LATER))
    if what == 0:
        return bytes([what]) + make_answer(rng)[1:]
    record = bytes([rng.choice((20, 21, 22, 23, 24))]) + rng.choice((b"\x03\x03", b"\x03\x01", b"\x02\x00"))
    body = rng.randbytes(rng.randint(0, 60))
    return bytes([what]) + rng.choice((b"", record + len(body).to_bytes(2, "big"))) + body


TLS = Target(
    "tls",
    _opened,
    _make,
    (*EXCHANGE.words, b"\x15\x03\x03\x00\x02\x02\x28", b"\x16\x03\x03", b"\x17\x03\x03"),
)
