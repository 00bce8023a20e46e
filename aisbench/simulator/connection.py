"""One client connection: HTTP/1.1 in, bytes out. It knows nothing of batching."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from dataclasses import dataclass
from typing import Protocol, cast

import httptools

REASONS = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    405: b"Method Not Allowed",
    422: b"Unprocessable Entity",
    500: b"Internal Server Error",
}


@dataclass(frozen=True)
class HttpRequest:
    method: str
    path: str
    authorization: bytes
    body: bytes
    keep_alive: bool


class Application(Protocol):
    """Answers requests, each by `respond`, or by `send` and then `answered`; at once or later."""

    def handle(self, request: HttpRequest, connection: Connection) -> None: ...

    def disconnected(self, connection: Connection) -> None:
        """The client of a request that is not yet answered has gone."""


class Connection(asyncio.Protocol):
    """Requests that come before the last is answered wait in order."""

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
            pass  # The request itself is complete; it is answered as if it had not asked for an upgrade.
        except httptools.HttpParserError:
            # What is under way ends with the connection; only an idle one can still be told why.
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

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self.authorization = value
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
            )
        )

    # Answering

    def next_request(self) -> None:
        while self.waiting and self.current is None:
            self.current = self.waiting.popleft()
            self.application.handle(self.current, self)

    def respond(self, status: int, content_type: bytes, body: bytes) -> None:
        """The whole answer to the request in hand."""
        self.send(response_head(status, content_type, len(body)) + body)
        self.answered()

    def answered(self) -> None:
        """The request in hand is done; one that has come meanwhile is handled from `next_request`."""
        if self.current is not None and not self.current.keep_alive:
            self.close()
        self.current = None

    def send(self, data: bytes) -> None:
        """Writes at once, not at the end of the loop's turn as the transport would.

        In a step of hundreds of tokens that makes milliseconds of difference, and it makes the time that
        the server notes right after this call the time at which the token left. What the socket does not
        take goes the transport's way, and so does what follows until the transport is empty again.
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
                return  # The loop sees the same and calls connection_lost.
            if sent == len(data):
                return
            data = data[sent:]
            self.behind = True
        self.transport.write(data)

    def close(self) -> None:
        """Closes once everything is sent. Nothing is sent or handled after this."""
        self.fd = -1
        self.waiting.clear()
        self.transport.close()


class TlsConnection(Connection):
    """The same where the transport encrypts: it must see all that is sent, and sends at its own time."""

    def send(self, data: bytes) -> None:
        if self.fd >= 0:
            self.transport.write(data)


def response_head(status: int, content_type: bytes, length: int) -> bytes:
    return b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (
        status,
        REASONS[status],
        content_type,
        length,
    )
