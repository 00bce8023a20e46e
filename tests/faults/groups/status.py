"""Statuses other than 200, with and without words."""

from __future__ import annotations

from tests.faults.answers import END, HEAD, STREAM, chunk, refusal
from tests.faults.fault import Fault, When, broken
from tests.faults.peer import close, hold

_WORDS = b'{"error":{"message":"no room"}}'


def _says(status: bytes, body: bytes = _WORDS, *headers: bytes) -> Fault:
    return broken(
        status.decode(), f"http_{status[:3].decode()}", body[:60], refusal(status, body, *headers), kept=True
    )


FAULTS: tuple[Fault, ...] = (
    _says(b"400 Bad Request"),
    _says(b"401 Unauthorized", _WORDS, b"WWW-Authenticate: Bearer"),
    _says(b"403 Forbidden"),
    _says(b"404 Not Found", b'{"detail":"Not Found"}'),
    _says(b"405 Method Not Allowed"),
    _says(b"408 Request Timeout"),
    _says(b"409 Conflict"),
    _says(b"415 Unsupported Media Type"),
    _says(b"422 Unprocessable Entity", b'{"detail":[{"loc":["body","n"],"msg":"unknown"}]}'),
    _says(b"429 Too Many Requests", _WORDS, b"Retry-After: 1"),
    _says(b"500 Internal Server Error"),
    _says(b"501 Not Implemented"),
    _says(b"503 Service Unavailable", _WORDS, b"Retry-After: 30"),
    _says(b"529 Overloaded"),
    _says(b"999 No Such Status"),
    _says(b"201 Created"),
    _says(b"206 Partial Content", STREAM),
    broken("500 without a body", "http_500", b"without a body", refusal(b"500 Oh"), kept=True),
    broken("204 No Content", "http_204", b"204 No Content", b"HTTP/1.1 204 No Content\r\n\r\n", kept=True),
    broken("304 Not Modified", "http_304", b"304", b"HTTP/1.1 304 Not Modified\r\n\r\n", kept=True),
    broken(
        "307 to another address",
        "http_307",
        b"http://other/v1",
        refusal(b"307 Temporary Redirect", b"", b"Location: http://other/v1"),
        kept=True,
    ),
    broken(
        "500 in chunks",
        "http_500",
        b"no room",
        HEAD.replace(b"200 OK", b"500 Oh") + chunk(_WORDS) + END,
        kept=True,
    ),
    broken("500 until the close", "http_500", b"no room", b"HTTP/1.1 500 Oh\r\n\r\n" + _WORDS, close),
    broken(
        "500 and Connection: close",
        "http_500",
        b"no room",
        refusal(b"500 Oh", _WORDS, b"Connection: close"),
        hold,
    ),
    broken(
        "500 whose body is a good stream",
        "http_500",
        b"data:",
        HEAD.replace(b"200 OK", b"500 Oh") + chunk(STREAM) + END,
        kept=True,
    ),
    broken("500 with a body of 1 MiB", "http_500", b"xxx", refusal(b"500 Oh", b"x" * (1 << 20)), kept=True),
    broken(
        "500 whose body is cut short",
        "stream_cut",
        b"before",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 99\r\n\r\nno",
        close,
    ),
    broken(
        "413 before the body is read, then closed",
        "http_413",
        b"too large",
        refusal(b"413 Content Too Large", b"too large"),
        close,
        when=When.BEFORE_BODY,
        drive={"bodies": (b"[" + b"1," * 4_000_000 + b"1]",)},
    ),
)
