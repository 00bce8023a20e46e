"""Changes to an input: bytes, spans, words of the grammar, and parts of other inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

# Longer inputs are cut, so that a run costs about the same however long it has gone on.
LONGEST = 16384

_Change = Callable[[bytearray, Random, Sequence[bytes], Sequence[bytes]], None]


def _span(data: bytearray, rng: Random) -> tuple[int, int]:
    begin = rng.randint(0, len(data))
    return begin, min(len(data), begin + rng.choice((1, 2, 4, 16, 64)))


def _flip(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice((0, 9, 10, 13, 32, 34, 44, 58, 92, 127, 128, 255))


def _delete(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    begin, end = _span(data, rng)
    del data[begin:end]


def _repeat(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    begin, end = _span(data, rng)
    data[end:end] = data[begin:end] * rng.choice((1, 1, 1, 2, 8, 128))


def _insert_word(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice(words)


def _replace_word(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    """Puts one word of the grammar in place of another that is there."""
    there = [word for word in words if word in data]
    if there:
        old = rng.choice(there)
        at = data.find(old, rng.randrange(len(data)))
        at = at if at >= 0 else data.find(old)
        data[at : at + len(old)] = rng.choice(words)


def _random_bytes(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    begin, end = _span(data, rng)
    data[begin:end] = rng.randbytes(rng.randint(1, 8))


def _cross(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    """Goes on as another input does."""
    other = rng.choice(pool)
    data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


def _truncate(data: bytearray, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> None:
    del data[rng.randint(0, len(data)) :]


_CHANGES: tuple[_Change, ...] = (
    _flip,
    _overwrite,
    _delete,
    _repeat,
    _insert_word,
    _insert_word,
    _replace_word,
    _replace_word,
    _random_bytes,
    _cross,
    _truncate,
)


def mutated(data: bytes, rng: Random, words: Sequence[bytes], pool: Sequence[bytes]) -> bytes:
    """`data` after one to five changes. `words`: of the target's grammar; `pool`: other inputs."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        rng.choice(_CHANGES)(changed, rng, words, pool)
    return bytes(changed[:LONGEST])
