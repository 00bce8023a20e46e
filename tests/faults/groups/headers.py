"""Headers that contradict each other, or the body."""

from __future__ import annotations

from tests.faults.answers import CHUNKED, GOOD, HEAD, STREAM, STREAM_TYPE, headed, sized
from tests.faults.fault import Fault, broken, fine
from tests.faults.peer import hold

_HTML = b"<!doctype html><title>Sign in</title>"
_WHOLE = b'{"choices":[{"message":{"content":"a"}}]}'


def _typed(kind: bytes, body: bytes = STREAM) -> bytes:
    return sized(body).replace(b"text/event-stream", kind, 1)


FAULTS: tuple[Fault, ...] = (
    broken(
        "both Content-Length and Transfer-Encoding",
        "bad_http",
        b"both content-length and transfer-encoding",
        headed(b"Content-Length: 5"),
        hold,
    ),
    broken(
        "two different lengths",
        "bad_http",
        b"content-length",
        sized(STREAM, None, b"Content-Length: 2"),
        hold,
    ),
    broken("a negative length", "bad_http", b"content-length", sized(STREAM, -1), hold),
    broken("an empty length", "bad_http", b"content-length", sized(b"").replace(b": 0", b": "), hold),
    broken(
        "two lengths in one header",
        "bad_http",
        b"content-length",
        sized(b"").replace(b": 0", b": 7, 7"),
        hold,
    ),
    broken("a length of 20 digits", "bad_http", b"content-length", sized(STREAM, 10**19), hold),
    broken(
        "chunked twice",
        "bad_http",
        b"fault of the server",
        HEAD.replace(b"chunked", b"chunked, chunked"),
        hold,
    ),
    broken("Transfer-Encoding: gzip", "bad_http", b"gzip", GOOD.replace(b"chunked", b"gzip, chunked"), hold),
    broken("Content-Encoding: gzip", "bad_http", b"compressed", headed(b"Content-Encoding: gzip"), hold),
    broken("Content-Encoding: br", "bad_http", b"compressed", headed(b"Content-Encoding: br"), hold),
    broken("a header without a colon", "bad_http", b"malformed", headed(b"nonsense"), hold),
    broken("a header without a name", "bad_http", b"malformed", headed(b": nameless"), hold),
    broken("a space before a header's colon", "bad_http", b"malformed", headed(b"X-A : b"), hold),
    broken("a header folded over two lines", "bad_http", b"malformed", headed(b"X-A: b", b" c"), hold),
    broken("a page of HTML", "content_type", b"Sign in", _typed(b"text/html", _HTML), kept=True),
    broken("a whole answer", "content_type", b"whole", _typed(b"application/json", _WHOLE), kept=True),
    broken("an empty body of JSON", "content_type", b"", _typed(b"application/json", b""), kept=True),
    broken(
        "an image", "content_type", b"image/png", _typed(b"image/png", b"\x89PNG\r\n\x1a\n\0\0"), kept=True
    ),
    fine("a stream of type application/json", _typed(b"application/json"), marks=2),
    fine("a stream of type text/plain", _typed(b"text/plain"), marks=2),
    fine("a stream without a type", GOOD.replace(STREAM_TYPE, b""), marks=2),
    fine("a type with parameters, in capitals", _typed(b"TEXT/Event-Stream; Charset=UTF-8")),
    fine("the same length twice", sized(STREAM, None, b"Content-Length: %d" % len(STREAM))),
    fine("Content-Encoding: identity", headed(b"Content-Encoding: identity")),
    fine("CHUNKED in capitals", GOOD.replace(CHUNKED, b"TRANSFER-ENCODING: CHUNKED\r\n")),
    fine("Connection: close", headed(b"Connection: close"), kept=False),
    fine("Connection: keep-alive, close", headed(b"Connection: keep-alive, close"), kept=False),
    fine("a header with bytes beyond ASCII", headed(b"X-Who: caf\xc3\xa9 \xff")),
    fine("a hundred headers", headed(*(b"X-%d: y" % number for number in range(100)))),
    fine("an empty header", headed(b"X-Empty:")),
)
