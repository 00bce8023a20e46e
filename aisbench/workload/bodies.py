"""Request bodies, encoded before the run into one file that every worker maps.

Layout, little-endian: 8 bytes `AISBODY1`, int64 count, int64 offsets[count + 1] from the start of
the file, then the bytes. Ticket i of the run sends body i modulo count. `_native.memory.bodies` reads the file.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisbench._native.sending.names import RUN_HOLE, SESSION_HOLE
from aisbench.backends.prompt import RUN, SESSION

_MAGIC = b"AISBODY1"
_WRITE_BUFFER_BYTES = 1 << 20
# The placeholders for names, escaped as in JSON and bare, and their holes.
_NAMES = tuple(
    (form, hole)
    for mark, hole in ((SESSION, SESSION_HOLE), (RUN, RUN_HOLE))
    for form in (json.dumps(mark).strip('"').encode(), mark.encode())
)


@dataclass(frozen=True)
class Bodies:
    """A written file of `count` bodies, `unique` of them distinct (by a hash of 64 bits).

    `fingerprint`: sha256 (hex) over each body's length, 8 bytes little-endian, and its bytes, in ticket
    order. Two runs with the same fingerprint send the same bodies.
    """

    path: Path
    count: int
    unique: int
    fingerprint: str


def write_bodies(path: Path, bodies: Iterable[bytes], count: int) -> Bodies:
    """Writes `count` bodies one after another, keeping only 8 bytes of hash and the offset of each in memory.

    The magic is written last, so that an unfinished file is not mistaken for a complete one. Raises ValueError
    unless `bodies` yields exactly `count` bodies.
    """
    offsets = np.zeros(count + 1, dtype="<i8")
    offsets[0] = at = len(_MAGIC) + 8 + 8 * (count + 1)
    digest = hashlib.sha256()
    hashes = np.zeros(count, dtype=np.uint64)
    written = 0
    with path.open("wb", buffering=_WRITE_BUFFER_BYTES) as file:
        file.seek(at)
        for body in bodies:
            if written == count:
                raise ValueError(f"more than {count} bodies")
            file.write(body)
            at += len(body)
            hashes[written] = int.from_bytes(hashlib.blake2b(body, digest_size=8).digest())
            written += 1
            offsets[written] = at
            digest.update(struct.pack("<q", len(body)))
            digest.update(body)
        if written != count:
            raise ValueError(f"{written} bodies instead of {count}")
        file.seek(0)
        file.write(_MAGIC + struct.pack("<q", count) + offsets.tobytes())
    hashes.sort()
    unique = int(np.count_nonzero(np.diff(hashes))) + 1 if count else 0
    return Bodies(path, count, unique, digest.hexdigest())


def with_name_holes(body: bytes) -> bytes:
    """Replaces the placeholders for the names of session and run with the bytes that the core fills (see Names)."""
    for form, hole in _NAMES:
        if form in body:
            body = body.replace(form, hole)
    return body


def without_name_holes(body: bytes) -> bytes:
    """The inverse of with_name_holes, for JSON."""
    for form, hole in _NAMES[::2]:
        body = body.replace(hole, form)
    return body


def has_name_holes(body: bytes) -> bool:
    return SESSION_HOLE in body or RUN_HOLE in body
