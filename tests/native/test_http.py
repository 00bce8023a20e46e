"""Response framing against llhttp (through httptools), split at every byte."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aisbench._native.protocol.http import frame


class Oracle:
    """What llhttp makes of the same bytes."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.complete = False
        self.keep_alive = False
        self.parser = httptools.HttpResponseParser(self)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.parser.get_status_code() >= 200:
            self.complete = True
            self.keep_alive = self.parser.should_keep_alive()

    def feed(self, stream: bytes) -> bool:
        """False when llhttp refuses the bytes."""
        try:
            self.parser.feed_data(stream)
        except httptools.HttpParserError:
            return False
        return True


def chunked(pieces: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    chunks = b"".join(b"%X%b\r\n%b\r\n" % (len(p), extension, p) for p in pieces if p)
    return chunks + b"0\r\n" + trailer + b"\r\n"


head = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n",
        b"HTTP/1.1 200 \r\ncontent-type:text/event-stream; charset=utf-8\r\nX-A: b\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nServer: x\r\n",
        b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n",
        b"HTTP/1.0 200 OK\r\n",
    ]
)


@pytest.mark.parametrize("zeros", [1, 17, 40])
def test_a_chunk_size_may_have_leading_zeros(zeros: int) -> None:
    stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * zeros + b"2\r\nab\r\n0\r\n\r\n"
    oracle = Oracle()
    assert oracle.feed(stream)
    assert oracle.complete
    assert frame([stream], False)[:3] == (200, b"ab", True)


extensions = st.sampled_from([b"", b";name=value", b";a"])
bodies = st.lists(st.binary(max_size=40), max_size=6)
responses = st.one_of(
    st.builds(
        lambda h, pieces, ext, trailer: (
            h + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(pieces, ext, trailer)
        ),
        head,
        bodies,
        extensions,
        st.sampled_from([b"", b"X-Trailer: 1\r\n"]),
    ),
    st.builds(lambda h, b: h + b"Content-Length: %d\r\n\r\n" % len(b) + b, head, st.binary(max_size=80)),
)


@given(responses)
def test_framing_agrees_with_llhttp_however_it_is_split(stream: bytes) -> None:
    oracle = Oracle()
    assert oracle.feed(stream)
    wanted = (oracle.parser.get_status_code(), bytes(oracle.body), True, oracle.keep_alive, 0, None)
    assert oracle.complete
    assert frame([stream], False) == wanted
    assert frame([stream[i : i + 1] for i in range(len(stream))], False) == wanted
    for cut in range(1, len(stream)):
        assert frame([stream[:cut], stream[cut:]], False) == wanted


@given(responses, st.integers(0, 400), st.binary(min_size=1, max_size=3))
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 49, b"g")
def test_damaged_responses_are_never_framed_otherwise_than_llhttp_does(
    stream: bytes, at: int, dirt: bytes
) -> None:
    at %= len(stream)
    damaged = stream[:at] + dirt + stream[at + len(dirt) :]
    oracle = Oracle()
    accepted = oracle.feed(damaged)
    status, body, complete, _, _, problem = frame([damaged], False)
    if accepted and oracle.complete and complete and problem is None:
        assert (status, body) == (oracle.parser.get_status_code(), bytes(oracle.body))


@given(bodies)
def test_a_body_without_a_length_ends_with_the_connection(pieces: list[bytes]) -> None:
    stream = b"HTTP/1.1 200 OK\r\n\r\n"
    assert frame([stream, *pieces], False)[2] is False
    assert frame([stream, *pieces], True) == (200, b"".join(pieces), True, False, 0, None)


@given(responses, st.integers(1, 1000))
def test_a_response_cut_short_is_never_complete(stream: bytes, cut: int) -> None:
    stream = stream[: cut % len(stream)]
    _, _, complete, _, _, problem = frame([stream], True)
    assert not complete
    assert problem is not None


def test_bytes_behind_the_response_are_left_unread() -> None:
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    assert frame([response + b"HTTP/1.1 200"], False) == (200, b"ok", True, True, 12, None)


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/2 200\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "content-length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "content-length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "both"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer-encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "hexadecimal"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r4\r\n", "CR before its end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", "longer than its size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "no size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "too large"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "switched protocols"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 70000, "64 KiB"),
    ],
)
def test_what_cannot_be_framed_safely_is_refused_with_a_reason(stream: bytes, problem: str) -> None:
    assert problem in (frame([stream], False)[5] or "")
