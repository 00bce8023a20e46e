"""Small answers of the server beside the load: bounded in size, and never asked for at another origin.

A redirect to another origin is not followed: the headers of the run (a key, cookies) are for its own servers alone.
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
    """An answer of more bytes than are read."""


@dataclass(frozen=True)
class Fetched:
    """`location`: where a redirect points that was not followed, absolute; None for other answers."""

    status: int
    body: bytes
    charset: str
    location: str | None = None

    @property
    def text(self) -> str:
        return self.body.decode(self.charset, "replace")

    @property
    def words(self) -> str:
        """The beginning of the body in one line, as a person may read it."""
        plain = " ".join(words_of(self.body[: 4 * WORDS]).split())
        return plain if len(plain) <= WORDS else plain[: WORDS - 3] + "..."


async def fetch(client: Any, method: str, url: str, *, most: int, **options: Any) -> Fetched:
    """The answer, after redirects within the origin of a GET. Raises TooLarge, and what aiohttp raises."""
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
    """Scheme, host and port; another one is another server to give a key to."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None
