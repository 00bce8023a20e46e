"""A client connection: parses HTTP/1.1 requests and writes responses."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from dataclasses import dataclass
from typing import Protocol, cast

import httptools

_REASONS = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    405: b"Method Not Allowed",
    422: b"Unprocessable Entity",
    500: b"Internal Server Error",
}


# Headers by which routers recognise a session: those that clients send by default or can be told to send.
_SESSION_HEADERS = (
    *(b"x-session-id", b"x-session-affinity", b"x-correlation-id"),
    *(b"x-smg-routing-key", b"x-dynamo-session-id"),
)


@dataclass(frozen=True)
class HttpRequest:
    """`session`: the value of the header that names its session; empty without one."""

    method: str
    path: str
    authorization: bytes
    body: bytes
    keep_alive: bool
    session: bytes = b""


class Application(Protocol):
    """Answers each request, at once or later: with `respond`, or with `send` followed by `answered`."""

    def handle(self, request: HttpRequest, connection: Connection) -> None: ...

    def disconnected(self, connection: Connection) -> None:
        """Called when a client disconnects before its request is answered."""


class Connection(asyncio.Protocol):
    """Handles one request at a time; requests that arrive meanwhile wait in order."""

    transport: asyncio.Transport

    def __init__(self, application: Application) -> None:
        self.application = application
        self.parser = httptools.HttpRequestParser(self)
        self.waiting: deque[HttpRequest] = deque()
        self.current: HttpRequest | None = None
        self.fd = -1
        self.behind = False
        self.url = b""
        self.body = bytearray()
        self.authorization = b""
        self.session = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.fd = transport.get_extra_info("socket").fileno()

    def connection_lost(self, exc: Exception | None) -> None:
        self.fd = -1
        self.waiting.clear()
        if self.current is not None:
            self.current = None
            self.application.disconnected(self)

    def data_received(self, data: bytes) -> None:
        if self.fd < 0:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # The request is complete; it is answered without the upgrade.
        except httptools.HttpParserError:
            # While an answer is being sent, a status line would end up inside it.
            if self.current is None:
                self.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self.close()
            return
        self.next_request()

    # httptools' callbacks

    def on_message_begin(self) -> None:
        self.url = b""
        self.body = bytearray()
        self.authorization = b""
        self.session = b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self.authorization = value
        elif name.lower() == b"x-api-key":
            # As clients of Anthropic's API send the key.
            self.authorization = b"Bearer " + value
        elif name.lower() in _SESSION_HEADERS:
            self.session = value
        elif name.lower() == b"expect":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.waiting.append(
            HttpRequest(
                self.parser.get_method().decode(),
                self.url.decode("latin-1").partition("?")[0],
                self.authorization,
                bytes(self.body),
                self.parser.should_keep_alive(),
                self.session,
            )
        )

    # Responses

    def next_request(self) -> None:
        while self.waiting and self.current is None:
            self.current = self.waiting.popleft()
            self.application.handle(self.current, self)

    def respond(self, status: int, content_type: bytes, body: bytes) -> None:
        """Sends the whole answer to the current request."""
        self.send(response_head(status, content_type, len(body)) + body)
        self.answered()

    def answered(self) -> None:
        """Marks the current request as answered. `next_request` then takes the next waiting one."""
        if self.current is not None and not self.current.keep_alive:
            self.close()
        self.current = None

    def send(self, data: bytes) -> None:
        """Writes to the socket at once; the transport would wait until the end of the loop's iteration.

        In a step of hundreds of tokens the difference is milliseconds. It also means that the server, which reads the
        clock right after this call, records the time at which the token left. If the socket is full, the rest goes
        through the transport, as does everything after it until the transport's buffer is empty.
        """
        if self.fd < 0:
            return
        if self.behind:
            self.behind = self.transport.get_write_buffer_size() > 0
        if not self.behind:
            try:
                sent = os.write(self.fd, data)
            except BlockingIOError:
                sent = 0
            except OSError:
                return  # The loop gets the same error and calls connection_lost.
            if sent == len(data):
                return
            data = data[sent:]
            self.behind = True
        self.transport.write(data)

    def close(self) -> None:
        """Closes the connection once its buffer is sent. Ignores further requests and data."""
        self.fd = -1
        self.waiting.clear()
        self.transport.close()


class TlsConnection(Connection):
    """A connection with TLS: all data must pass through the transport, which sends it when it chooses."""

    def send(self, data: bytes) -> None:
        if self.fd >= 0:
            self.transport.write(data)


def response_head(status: int, content_type: bytes, length: int) -> bytes:
    return b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (
        status,
        _REASONS[status],
        content_type,
        length,
    )
