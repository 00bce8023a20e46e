"""Event streams against the standard's wording (tests/fuzz/whatwg.py), whole and read in pieces, and lines as events."""

from __future__ import annotations

from contextlib import nullcontext
from random import Random

from aisbench._native.protocol.sse import parse
from tests.fuzz.engine import Target
from tests.fuzz.reads import splits
from tests.fuzz.whatwg import events, sizes

_WORDS = (
    *(
        b"data",
        b"data:",
        b"data: ",
        b"event: error",
        b"event:",
        b"error",
        b"error:",
        b"id: 1",
        b"retry: 10",
        b":",
        b": x",
    ),
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\r\n\r\n",
        b" ",
        b"\xef\xbb\xbf",
        b"\xef\xbb",
        b"\x00",
        b"[DONE]",
        b"{}",
    ),
)
# Small, so that inputs reach them.
_LIMITS = (8, 40)


def _lines_of(data: bytes) -> list[bytes]:
    """The events of a stream of lines: those that are not empty."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for line in (line.removesuffix(b"\r") for line in lines) if line]


def _check(data: bytes) -> None:
    wanted = events(data)
    assert parse([data]) == (wanted, False)
    lines = _lines_of(data)
    assert parse([data], lines=True) == (lines, False)
    limited = [parse([data], limit) for limit in _LIMITS]
    for limit, (found, too_large) in zip(_LIMITS, limited, strict=True):
        assert found == wanted[: len(found)]
        assert too_large == any(size > limit for size in sizes(data)), f"limit {limit}"
    for pieces in splits(data):
        assert parse(pieces) == (wanted, False), f"read as {pieces}"
        assert parse(pieces, lines=True) == (lines, False), f"lines read as {pieces}"
        assert [parse(pieces, limit) for limit in _LIMITS] == limited, f"limited, read as {pieces}"


def make_stream(rng: Random) -> bytes:
    ends = rng.choice(((b"\n",), (b"\r\n",), (b"\r",), (b"\n", b"\r\n", b"\r")))
    lines = [
        rng.choice((b"", b"data: " + rng.randbytes(rng.randint(0, 8)), b"data: {}", *_WORDS))
        for _ in range(rng.randint(0, 12))
    ]
    return rng.choice((b"", b"", b"\xef\xbb\xbf")) + b"".join(line + rng.choice(ends) for line in lines)


SSE = Target("sse", lambda: nullcontext(_check), make_stream, _WORDS)
