"""Fetches small answers from a server, bounded in size.

A redirect to another origin is not followed, since the run's headers (a key, cookies) are only for its own servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from aisbench.printable import printable, words_of

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
WORDS = 200


class TooLarge(Exception):
    """The answer is larger than the limit."""


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


async def fetch(client: Any, method: str, url: str, *, most: int, **options: Any) -> Fetched:
    """The answer. A GET follows redirects within its origin. Raises TooLarge above `most` bytes, or aiohttp's errors."""
    for _ in range(_MOST_REDIRECTS):
        async with client.request(method, url, allow_redirects=False, **options) as answer:
            location = answer.headers.get("Location")
            if answer.status in _REDIRECTS and location is not None:
                location = urljoin(url, location)
                if method == "GET" and origin(location) == origin(url):
                    url = location
                    continue
                return Fetched(answer.status, b"", "utf-8", printable(location))
            return Fetched(answer.status, await bounded(answer, most), _charset_of(answer))
    return Fetched(answer.status, b"", "utf-8", printable(url))


async def bounded(answer: Any, most: int) -> bytes:
    """The body; raises TooLarge as soon as it is longer than `most` bytes."""
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most:
            raise TooLarge
    return bytes(body)


def _charset_of(answer: Any) -> str:
    try:
        name = answer.charset or "utf-8"
        b"".decode(name)
    except (LookupError, ValueError):
        return "utf-8"
    return str(name)


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port, which together identify the server that a key is for."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None
