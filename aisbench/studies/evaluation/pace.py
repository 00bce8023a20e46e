"""How often a file that grows is written again."""

from __future__ import annotations

import time
from collections.abc import Callable

# Writing takes at most this share of the time.
_SHARE = 0.05


class Pace:
    """Writes a whole file again from time to time: the longer that takes, the more seldom."""

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self._next_s = 0.0

    def write_if_due(self) -> None:
        begun_s = time.monotonic()
        if begun_s < self._next_s:
            return
        self._write()
        ended_s = time.monotonic()
        self._next_s = ended_s + (ended_s - begun_s) / _SHARE
