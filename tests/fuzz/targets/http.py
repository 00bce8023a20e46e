"""Response framing against llhttp, and against itself when the bytes are read in other pieces."""

from __future__ import annotations

from contextlib import nullcontext
from random import Random

import httptools

from aisbench._native.protocol.http import frame
from tests.fuzz.engine import Target
from tests.fuzz.reads import splits

_WORDS = (
    *(
        b"HTTP/1.1 ",
        b"HTTP/1.0 ",
        b"200 OK",
        b"100 Continue",
        b"204",
        b"304 ",
        b"101 x",
        b"500",
        b"\r\n",
        b"\n",
        b"\r",
    ),
    *(
        b"\r\n\r\n",
        b"0\r\n\r\n",
        b"Content-Length: ",
        b"content-length:",
        b"Transfer-Encoding: chunked\r\n",
        b"chunked",
    ),
    *(
        b"Connection: close\r\n",
        b"Connection: keep-alive\r\n",
        b"gzip",
        b"Content-Encoding: ",
        b"identity",
        b"Location: /",
    ),
    *(
        b": ",
        b":",
        b" ",
        b"\t",
        b";",
        b";a=b",
        b'"',
        b",",
        b"0",
        b"1",
        b"a",
        b"F",
        b"-1",
        b"+1",
        b"0x1",
        b"7fffffffffffffff",
    ),
    *(
        b"ffffffffffffffff",
        b"10000000000000000",
        b"00000000000000000000",
        b"9223372036854775807",
        b"\x00",
        b"\xff",
        b"\x0b",
    ),
)


class _Oracle:
    """What llhttp makes of the same bytes, up to the end of the first final response.

    `differs`: a response that has no body by its status is said to have one, which llhttp then reads; RFC 9112, section
    6.3, says that it ends with its head. Or a tab follows "chunked", which then is another word to llhttp; by RFC 9110,
    section 5.5, white space there is no part of the value.
    """

    def __init__(self, stream: bytes) -> None:
        self.body = bytearray()
        self.status = 0
        self.complete = self.differs = self._has_length = False
        self._parser = httptools.HttpResponseParser(self)
        self.accepted = True
        try:
            self._parser.feed_data(stream)
        except httptools.HttpParserError:
            self.accepted = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._has_length = self._has_length or name.lower() in (b"content-length", b"transfer-encoding")
        self.differs = self.differs or (name.lower() == b"transfer-encoding" and value.endswith(b"\t"))

    def on_headers_complete(self) -> None:
        if not self.complete:
            self.status = self._parser.get_status_code()
            bodiless = self.status < 200 or self.status in (204, 304)
            self.differs = self.differs or (bodiless and self._has_length)
            self._has_length = False

    def on_body(self, body: bytes) -> None:
        if not self.complete:
            self.body += body

    def on_message_complete(self) -> None:
        self.complete = self.complete or self.status >= 200


def _check(data: bytes) -> None:
    whole = frame([data], False)
    closed = frame([data], True)
    for pieces in splits(data):
        assert frame(pieces, False) == whole, f"read as {pieces}"
        assert frame(pieces, True) == closed, f"read as {pieces}, then closed"
    status, body, complete, _, unread, problem = whole
    assert 0 <= unread <= len(data)
    assert not (complete and problem)
    assert closed[2] or closed[5], "a closed connection ends every response, well or not"
    oracle = _Oracle(data)
    if oracle.differs:
        return
    if oracle.complete:
        assert complete or problem, "llhttp sees the end of the response"
    if complete and oracle.complete:
        assert (status, body) == (oracle.status, bytes(oracle.body))
        used = data[: len(data) - unread]
        assert _Oracle(used).complete, "llhttp needs more bytes"
        assert not _Oracle(used[:-1]).complete, "llhttp needs fewer bytes"
    elif oracle.accepted and not problem:
        assert not complete, "llhttp does not see the end of the response"
        if status >= 200:
            assert (status, body) == (oracle.status, bytes(oracle.body))


def make_head(rng: Random) -> bytes:
    """A status line and headers, without the empty line."""
    head = rng.choice(
        (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 \r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 404 Not Found\r\n")
    )
    if rng.random() < 0.1:
        head = b"HTTP/1.1 100 Continue\r\n\r\n" + head
    for line in (
        b"Content-Type: text/event-stream\r\n",
        b"Connection: close\r\n",
        b"x-a:b\r\n",
        b"Server: \r\n",
    ):
        if rng.random() < 0.3:
            head += line
    return head


def chunked(body: bytes, rng: Random) -> bytes:
    """`body` in chunks of random sizes, some with extensions, and a trailer now and then."""
    out = b""
    while body:
        size = rng.randint(1, max(1, len(body)))
        size_line = b"%x" % size if rng.random() < 0.8 else b"%05X;a=b" % size
        out += size_line + b"\r\n" + body[:size] + b"\r\n"
        body = body[size:]
    return out + b"0\r\n" + (b"X-T: 1\r\n" if rng.random() < 0.2 else b"") + b"\r\n"


def with_body(head: bytes, body: bytes, rng: Random) -> bytes:
    """A response with `body`, whose end is marked in one of the three ways."""
    way = rng.random()
    if way < 0.5:
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, rng)
    if way < 0.8:
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return head + b"\r\n" + body


def _make(rng: Random) -> bytes:
    stream = with_body(make_head(rng), rng.randbytes(rng.randint(0, 60)), rng)
    return stream + (stream if rng.random() < 0.2 else b"")


HTTP = Target("http", lambda: nullcontext(_check), _make, _WORDS)
