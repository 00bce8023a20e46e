"""A proxy's answer to CONNECT against a plain reading of RFC 9110, section 9.3.6: 1xx are passed over, any 2xx opens the
tunnel at the end of its head, whatever its headers say of a body, and anything else refuses it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.fuzz.engine import Check, Target
from tests.fuzz.reads import splits
from tests.fuzz.targets.exchange import CASES
from tests.fuzz.targets.http import HTTP
from tests.fuzz.wire import Wire, Wires

_CONNECT = b"CONNECT server:443 HTTP/1.1\r\nHost: server:443\r\n\r\n"
_GOOD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})( [^\n]*)?\Z")
# Header lines of which there can be no two opinions.
_PLAIN = re.compile(rb"[A-Za-z-]+: ?[!-~]*\r?\Z")
_OF_BODY = (b"content-length", b"transfer-encoding", b"content-encoding")


@dataclass(frozen=True)
class _Wanted:
    """`status`: 0 if the answer is not complete. `rest`: what follows its head. `clear`: the heads are plain ones."""

    status: int = 0
    rest: bytes = b""
    clear: bool = True


def _wanted(answer: bytes) -> _Wanted:
    while True:
        found = re.search(rb"\n\r?\n", answer)
        if found is None:
            return _Wanted(
                clear=answer.count(b"\n") == 0
                or _STATUS.match(answer.split(b"\n")[0].rstrip(b"\r")) is not None
            )
        first, *headers = answer[: found.start()].split(b"\n")
        status = _STATUS.match(first.rstrip(b"\r"))
        if status is None:
            return _Wanted(clear=False)
        clear = all(_PLAIN.match(line) and not line.lower().startswith(_OF_BODY) for line in headers)
        code = int(status[1])
        answer = answer[found.end() :]
        if code < 100 or code == 101 or not clear:
            return _Wanted(code, answer, clear=False)
        if code >= 200:
            return _Wanted(code, answer)


def _meet(wire: Wire, pieces: list[bytes]) -> tuple[str, bytes, bytes]:
    """The failure of a request whose CONNECT is answered with `pieces`, and what of them was not sent."""
    peer = wire.asked()
    assert peer.request() == _CONNECT
    index = wire.settled
    left = [*pieces]
    while left and wire.settled == index and not peer.received:
        peer.put(left.pop(0))
        for _ in range(3):
            wire.turn()
    if peer.received and wire.settled == index:
        assert peer.request().startswith(b"POST ")
        wire.answer(peer, [_GOOD])
    elif wire.settled == index:
        peer.close()
        wire.finish(index)
    return (*wire.failure(wire.row(index)), b"".join(left))


@contextlib.contextmanager
def _opened() -> Iterator[Check]:
    wires = Wires({0: {**CASES[0], "keep_alive": False, "tunnel": _CONNECT}})

    def check(data: bytes) -> None:
        wanted = _wanted(data)
        opens = 200 <= wanted.status < 300
        for pieces in ([data], *splits(data[:512])):
            kind, words, unsent = _meet(wires[0], pieces)
            assert kind in ("", "connect"), f"{kind}: {words!r}"
            if not wanted.clear or len(data) > 512:
                continue
            # Bytes that come in the same read as the end of the head come before the request.
            if opens and len(unsent) == len(wanted.rest):
                assert kind == "", f"the tunnel is open, but: {words!r}; read as {pieces}"
            else:
                assert kind == "connect", f"the tunnel is open; read as {pieces}"
                if wanted.status and not opens:
                    assert b"%d" % wanted.status in words

    with wires.checking(check) as guarded:
        yield guarded


def _make(rng: Random) -> bytes:
    head = rng.choice(
        (b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n")
    )
    head += rng.choice((b"HTTP/1.1 ", b"HTTP/1.0 ")) + b"%d" % rng.choice(
        (200, 200, 200, 201, 204, 299, 301, 403, 407, 502)
    )
    head += rng.choice((b"", b" ", b" Connection established")) + b"\r\n"
    for line in (
        b"Via: 1.1 x\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"X: " + b"x" * 300 + b"\r\n",
    ):
        if rng.random() < 0.15:
            head += line
    return head + b"\r\n" + rng.choice((b"", b"", b"", b"hello", b"\x16\x03\x03", b"0\r\n\r\n"))


TUNNEL = Target(
    "tunnel", _opened, _make, (*HTTP.words, b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 103 x\r\n\r\n", b"407 x")
)
