"""Reads spans of time as people write them: 90, 1.5, 30s, 5m, 1h30m, 250ms."""

from __future__ import annotations

import re

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PIECE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|min|m|h|d)\s*")


def seconds(text: str) -> float:
    """The length of the span in `text`, in seconds; a bare number is in seconds. Raises ValueError for other texts."""
    text = text.strip().lower()
    try:
        return float(text)
    except ValueError:
        pass
    at, total = 0, 0.0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise ValueError(f"{text!r} is not a span of time")
        total += float(piece[1]) * _UNITS_S[piece[2]]
        at = piece.end()
    if not text:
        raise ValueError("no span of time is given")
    return total
