"""Fetches small answers from a server, bounded in size and time.

With http.client, because importing aiohttp takes 0.1 s, by which every run would start later.
A redirect to another origin is not followed, since the run's headers (a key, cookies) are only for its own servers.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from aisbench.engine.target.transport import Transport, tls_context
from aisbench.printable import printable, words_of

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_PIECE_BYTES = 1 << 16
_DEFAULTS = {"User-Agent": "aisbench", "Accept": "*/*"}
# What a URL may hold; the rest of a redirect's is percent-encoded.
_OF_URLS = "!#$%&'()*+,/:;=?@[]~"
WORDS = 200


class TooLarge(Exception):
    """The answer is larger than the limit."""


class NoAnswer(Exception):
    """There was no whole answer. The message says why, in a clause without a line break."""


@dataclass(frozen=True)
class Fetched:
    """An answer. `location`: the absolute URL of a redirect that was not followed; None for other answers."""

    status: int
    body: bytes
    charset: str
    location: str | None = None

    @property
    def text(self) -> str:
        return self.body.decode(self.charset, "replace")

    @property
    def words(self) -> str:
        """The beginning of the body as one printable line of at most WORDS characters."""
        plain = " ".join(words_of(self.body[: 4 * WORDS]).split())
        return plain if len(plain) <= WORDS else plain[: WORDS - 3] + "..."


class Client:
    """Reaches one server in the same way as the load, over one connection that it keeps; for one thread at a time.

    `timeout_s`: for one answer, from connecting to its last byte.
    """

    def __init__(self, transport: Transport, headers: dict[str, str], timeout_s: float) -> None:
        self.transport = transport
        given = {name.lower() for name in headers}
        self.headers = {
            **{name: value for name, value in _DEFAULTS.items() if name.lower() not in given},
            **headers,
        }
        self.timeout_s = timeout_s
        self.connection: http.client.HTTPConnection | None = None
        self.context: ssl.SSLContext | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def fetch(self, method: str, url: str, *, most: int, body: bytes | None = None) -> Fetched:
        """The answer. A GET follows redirects within its origin. Raises TooLarge above `most` bytes, and NoAnswer."""
        for _ in range(_MOST_REDIRECTS):
            status, head, content = self._answer(method, url, body, most)
            location = head.get("Location")
            if status not in _REDIRECTS or location is None:
                return Fetched(status, content, _charset_of(head))
            location = urljoin(url, location)
            if method != "GET" or origin(location) != origin(url):
                return Fetched(status, b"", "utf-8", printable(location))
            url = quote(location.encode("latin-1", "replace"), safe=_OF_URLS)
        return Fetched(status, b"", "utf-8", printable(url))

    def _answer(
        self, method: str, url: str, body: bytes | None, most: int
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        deadline = time.monotonic() + self.timeout_s
        kept = self.connection is not None and self.connection.sock is not None
        try:
            try:
                return self._attempt(method, url, body, most, deadline)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                if not kept:
                    raise
                # The server has closed the connection since the last answer.
                self.close()
                return self._attempt(method, url, body, most, deadline)
        except TimeoutError:
            self.close()
            raise NoAnswer(f"no answer within {self.timeout_s:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self.close()
            raise NoAnswer(_reason(problem)) from None
        except BaseException:
            # Such as TooLarge: what is left of the answer would be taken for the next one.
            self.close()
            raise

    def _attempt(
        self, method: str, url: str, body: bytes | None, most: int, deadline: float
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        parts = urlsplit(url)
        if self.connection is None:
            self.connection = self._connection_to(parts)
        connection = self.connection
        connection.timeout = max(0.001, deadline - time.monotonic())
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        elif self.transport.uds is not None:
            connection.sock = self._unix_socket(self.transport.uds, parts, connection.timeout)
        connection.response_class = lambda sock, **more: http.client.HTTPResponse(  # type: ignore[assignment]
            _Bounded(sock, deadline),  # type: ignore[arg-type]
            **more,
        )
        proxy = self.transport.proxy
        headers = self.headers
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        if target.startswith("?"):
            target = f"/{target}"
        if proxy is not None and parts.scheme == "http":
            target = parts._replace(fragment="").geturl()
            if proxy.authorization:
                headers = {**headers, "Proxy-Authorization": proxy.authorization}
            if "host" not in {name.lower() for name in headers}:
                headers = {"Host": parts.netloc, **headers}
        connection.request(method, target, body, headers)
        with connection.getresponse() as response:
            return response.status, response.headers, _bounded_body(response, most)

    def _connection_to(self, parts: SplitResult) -> http.client.HTTPConnection:
        """A connection to the server or its proxy, which is opened by its first request."""
        host, port = parts.hostname or "", parts.port
        tls = parts.scheme == "https"
        if tls and self.context is None:
            self.context = tls_context(self.transport.cacert, insecure=self.transport.insecure)
        proxy = self.transport.proxy
        through = (host, port) if proxy is None else (proxy.host, proxy.port)
        if not tls:
            return http.client.HTTPConnection(*through)
        connection = http.client.HTTPSConnection(*through, context=self.context)
        if proxy is not None:
            login = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
            connection.set_tunnel(host, port or 443, {"User-Agent": "aisbench", **login})
        return connection

    def _unix_socket(self, path: str, parts: SplitResult, timeout_s: float) -> socket.socket:
        plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            plain.settimeout(timeout_s)
            plain.connect(path)
        except BaseException:
            plain.close()
            raise
        if self.context is None:
            return plain
        return self.context.wrap_socket(plain, server_hostname=parts.hostname)


class _Bounded:
    """Stands in for a socket whose answer must be complete by `deadline` (time.monotonic); http.client reads its file."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self.deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Pieces(self.sock, self.deadline))


class _Pieces(io.RawIOBase):
    """The bytes from a socket, as they come. Raises TimeoutError after `deadline`, however often some come."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self.deadline = deadline
        # http.client may close the socket once it has the head; this keeps it open for the body.
        self.file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.sock.settimeout(left_s)
        return self.file.readinto(into)

    def close(self) -> None:
        self.file.close()
        super().close()


def _bounded_body(response: http.client.HTTPResponse, most: int) -> bytes:
    """The body; raises TooLarge as soon as it is longer than `most` bytes, and NoAnswer if it ends early."""
    body = bytearray()
    while piece := response.read(_PIECE_BYTES):
        body += piece
        if len(body) > most:
            raise TooLarge
    # http.client notices this only where it is to read everything at once.
    if response.length:
        raise NoAnswer("the answer ended early")
    return bytes(body)


def _reason(problem: Exception) -> str:
    if isinstance(problem, http.client.IncompleteRead):
        return "the answer ended early"
    if isinstance(problem, OSError) and not isinstance(problem, ssl.SSLError) and problem.strerror:
        return printable(problem.strerror)
    said = printable(" ".join(str(problem).split()))[:WORDS]
    if isinstance(problem, http.client.HTTPException) and not isinstance(problem, OSError):
        return f"the answer is not HTTP ({said or type(problem).__name__})"
    return said or type(problem).__name__


def _charset_of(head: http.client.HTTPMessage) -> str:
    try:
        name = head.get_content_charset() or "utf-8"
        b"".decode(name)
    except (LookupError, ValueError):
        return "utf-8"
    return name


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port, which together identify the server that a key is for."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None
