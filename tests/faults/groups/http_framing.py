"""Answers that are framed wrongly, or oddly."""

from __future__ import annotations

from tests.faults.answers import (
    CHUNKED,
    END,
    GOOD,
    HEAD,
    STATUS,
    STREAM,
    STREAM_TYPE,
    TOKENS,
    chunk,
    headed,
    sized,
)
from tests.faults.fault import Fault, broken, fine
from tests.faults.peer import close, hold

_N = b"%x" % len(STREAM)


def _in_chunk(size: bytes) -> bytes:
    """The stream in one chunk, whose size is written as `size`."""
    return HEAD + size + b"\r\n" + STREAM + b"\r\n" + END


FAULTS: tuple[Fault, ...] = (
    broken("another protocol", "bad_http", b"not HTTP/1.1", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", hold),
    broken("HTTP/2's status line", "bad_http", b"not HTTP/1.1", b"HTTP/2 200\r\n\r\n", hold),
    broken("HTTP/0.9: a body without a head", "bad_http", b"not HTTP/1.1", STREAM, hold),
    broken("a body without a head, then closed", "bad_http", b"not HTTP/1.1", TOKENS, close),
    broken("a blank line before the status line", "bad_http", b"not HTTP/1.1", b"\r\n" + GOOD, hold),
    broken("a status of two digits", "bad_http", b"not HTTP/1.1", b"HTTP/1.1 20 OK\r\n\r\n", hold),
    broken("a head longer than 64 KiB", "bad_http", b"64 KiB", headed(b"X-Long: " + b"a" * 70_000), hold),
    broken("a chunk size that is not hexadecimal", "bad_http", b"hexadecimal", _in_chunk(b"xyz"), hold),
    broken("a chunk size with a sign", "bad_http", b"hexadecimal", _in_chunk(b"+" + _N), hold),
    broken("a chunk size that begins with 0x", "bad_http", b"hexadecimal", _in_chunk(b"0x" + _N), hold),
    broken("a chunk size with a lone CR in it", "bad_http", b"chunk size", _in_chunk(b"\r" + _N), hold),
    broken("an empty chunk size", "bad_http", b"no size", _in_chunk(b""), hold),
    broken("a chunk size beyond 64 bits", "bad_http", b"too large", _in_chunk(b"f" * 17), hold),
    broken("a chunk longer than its size", "bad_http", b"longer than its size", _in_chunk(b"10"), hold),
    broken(
        "a chunk extension that does not end",
        "bad_http",
        b"too long",
        _in_chunk(_N + b";" + b"a" * 5000),
        hold,
    ),
    broken("no CR LF after a chunk", "bad_http", b"longer", HEAD + _N + b"\r\n" + STREAM + END, hold),
    broken("a body shorter than Content-Length", "stream_cut", b"before", sized(TOKENS, 10_000), close),
    broken("an event stream of length 0", "no_output", b"without generated content", sized(b""), kept=True),
    broken("an empty chunked body", "no_output", b"without generated content", HEAD + END, kept=True),
    fine("a chunk size in capitals", _in_chunk(_N.upper())),
    fine("a chunk size with leading zeros", _in_chunk(b"0" * 20 + _N)),
    fine("a chunk extension", _in_chunk(_N + b';name="value"')),
    fine("a space after a chunk size", _in_chunk(_N + b" ")),
    fine("lines that end with LF alone", STATUS.replace(b"\r", b"") + sized(STREAM)[len(STATUS) :]),
    fine("trailers after the body", HEAD + chunk(STREAM) + b"0\r\nX-Time: 3\r\nX-More: 4\r\n\r\n"),
    fine("one chunk for each byte", HEAD + b"".join(b"1\r\n%c\r\n" % byte for byte in STREAM) + END),
    fine("events that are split over chunks", HEAD + chunk(STREAM[:100]) + chunk(STREAM[100:]) + END),
    fine("Content-Length in place of chunks", sized(STREAM)),
    fine(
        "a body longer than Content-Length", sized(STREAM + b"HTTP/1.1 200 OK\r\n", len(STREAM)), kept=False
    ),
    fine("a second answer that nobody asked for", GOOD + GOOD, kept=False),
    fine("HTTP/1.0", sized(STREAM).replace(b"HTTP/1.1", b"HTTP/1.0", 1), kept=False),
    fine(
        "HTTP/1.0 with keep-alive",
        sized(STREAM, None, b"Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    ),
    fine("an answer 100 before the answer", b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD),
    fine("an answer 103 before the answer", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + GOOD),
    broken(
        "an answer 101",
        "bad_http",
        b"switched protocols",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        hold,
    ),
    fine("no words after the status", b"HTTP/1.1 200\r\n" + STREAM_TYPE + CHUNKED + GOOD[len(HEAD) - 2 :]),
)
