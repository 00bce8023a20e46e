"""The same bytes as several reads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from zlib import crc32

# Above this, an input is not split at every byte, which would take most of the time.
_ALL_BYTES = 512


def splits(data: bytes) -> Iterator[list[bytes]]:
    """Some ways to read `data`; they depend on nothing else, so that a saved input is split again as it was."""
    rng = Random(crc32(data))
    if len(data) <= _ALL_BYTES:
        yield [data[i : i + 1] for i in range(len(data))]
    for cuts in (1, 2, 7):
        bounds = [0, *sorted(rng.randint(0, len(data)) for _ in range(cuts)), len(data)]
        yield [data[a:b] for a, b in pairwise(bounds)]
