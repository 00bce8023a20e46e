"""PNG images of tiles, written by hand (RFC 2083), so that they are the same bytes everywhere.

zlib and its successors compress the same pixels to different bytes. These images are compressed here (RFC 1951): one block
with the fixed codes, in which a tile's first pixel is repeated to its right, and its first row downwards.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_Ints = NDArray[np.int64]
# RFC 1951, 3.2.5: the shortest length of the codes 257 to 285 and the nearest distance of the codes 0 to 29, and the bits
# after each code that say how much is added to it.
_LENGTHS = np.array(
    [
        *range(3, 11),
        *range(11, 19, 2),
        *range(19, 35, 4),
        *range(35, 67, 8),
        *range(67, 131, 16),
        *range(131, 258, 32),
        258,
    ]
)
_LENGTH_BITS = np.array([0] * 8 + [bits for bits in range(1, 6) for _ in range(4)] + [0])
_DISTANCES = np.array([1, 2] + [1 + (step << bits) for bits in range(14) for step in (2, 3)])
_DISTANCE_BITS = np.array([0, 0] + [bits for bits in range(14) for _ in range(2)])
_LONGEST, _FARTHEST = 258, 32768
_CHANNELS = 3


def png(tiles: NDArray[np.uint8], tile: int, width: int, height: int) -> bytes:
    """An image of `width` by `height` pixels: squares of `tile` pixels, of which those at the edges may be cut.

    `tiles`: red, green and blue of each, shape (rows, columns, 3), as many as the image needs.
    """
    row_bytes = 1 + _CHANNELS * width
    rows = np.zeros((len(tiles), row_bytes), dtype=np.uint8)
    # Each row starts with its filter byte; 0 means no filter.
    rows[:, 1:] = tiles.repeat(tile, axis=1)[:, :width].reshape(len(tiles), -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    sums = zlib.adler32(rows.repeat(tile, axis=0)[:height].tobytes())
    # 0x78 0x01: a window of 32 KiB, and little effort.
    body = b"\x78\x01" + _deflated(rows, tile, width, height) + struct.pack(">I", sums)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    )


def _deflated(rows: NDArray[np.uint8], tile: int, width: int, height: int) -> bytes:
    """The rows of pixels, of which `rows` holds the first of each row of tiles."""
    values, sizes = [np.array([0b011])], [np.array([3])]  # the last block, and the fixed codes
    at, cut = np.arange(0, width, tile), -width % tile
    right = [_copied(_CHANNELS * (each - 1), _CHANNELS) for each in (tile, tile - cut)]
    for i, row in enumerate(rows):
        literals = row[1:].reshape(width, _CHANNELS)[at].astype(np.int64)
        value, size = (np.empty((len(at), _CHANNELS + 1), dtype=np.int64) for _ in range(2))
        value[:, :-1], size[:, :-1] = _literals(literals)
        value[:, -1], size[:, -1] = right[0]
        value[-1, -1], size[-1, -1] = right[1]
        first = [_literals(np.zeros(1, dtype=np.int64)), (value.ravel(), size.ravel())]
        below = min(tile, height - i * tile) - 1
        for found in first + (
            first * below if len(row) > _FARTHEST else [_downwards(below * len(row), len(row))]
        ):
            values.append(found[0])
            sizes.append(found[1])
    # The end of the block is code 256, seven zeros.
    return _packed(np.concatenate([*values, [0]]), np.concatenate([*sizes, [7]]))


def _downwards(count: int, distance: int) -> tuple[_Ints, _Ints]:
    """Copies `count` bytes, 0 or at least 4, from `distance` bytes before."""
    longest, rest = divmod(count, _LONGEST)
    parts = [_LONGEST] * longest + ([rest] if rest else [])
    if 0 < rest < _LENGTHS[0]:
        parts[-2:] = [_LONGEST - _CHANNELS, rest + _CHANNELS]
    codes = {part: _copied(part, distance) for part in set(parts)}
    found = np.array([codes[part] for part in parts], dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _literals(found: _Ints) -> tuple[_Ints, _Ints]:
    """The codes of bytes, and how many bits each has."""
    low = found < 144
    size = np.where(low, 8, 9)
    return _REVERSED[np.where(low, 0x30 + found, 0x190 + found - 144)] >> (9 - size), size


def _copied(length: int, distance: int) -> tuple[int, int]:
    """The code of `length` bytes, 0 or 3 to 258, from `distance` bytes before, and how many bits it has."""
    if length == 0:
        return 0, 0
    at = int(np.searchsorted(_LENGTHS, length, side="right")) - 1
    # Codes 256 to 279 have seven bits, and those from 280 on eight.
    bits = 7 if at < 23 else 8
    code = int(_REVERSED[1 + at if at < 23 else 0xC0 + at - 23]) >> (9 - bits)
    code |= (length - int(_LENGTHS[at])) << bits
    bits += int(_LENGTH_BITS[at])
    at = int(np.searchsorted(_DISTANCES, distance, side="right")) - 1
    code |= (int(_REVERSED[at]) >> 4 | (distance - int(_DISTANCES[at])) << 5) << bits
    return code, bits + 5 + int(_DISTANCE_BITS[at])


def _packed(values: _Ints, sizes: _Ints) -> bytes:
    """The lowest `sizes` bits of each value, one after another, the lowest first."""
    ends = np.cumsum(sizes)
    at = ends - sizes
    # A value reaches into the next word of 32 bits at most. Parts of one word have no bit in common, so they are added up,
    # which is exact in a float of 53 bits.
    shifted = values << (at & 31)
    words = np.zeros(int(ends[-1] >> 5) + 2)
    for offset, part in enumerate((shifted & 0xFFFFFFFF, shifted >> 32)):
        words += np.bincount((at >> 5) + offset, part, len(words))
    return words.astype("<u4").tobytes()[: -(-int(ends[-1]) // 8)]


# Nine bits in reverse: codes begin with their highest bit.
_REVERSED = np.array([int(f"{code:09b}"[::-1], 2) for code in range(512)])
