"""Request bodies, encoded before the run into one file that every worker maps.

Layout, little-endian: 8 bytes `AISBODY1`, int64 count, int64 offsets[count + 1] from the start of
the file, then the bytes. Ticket i of the run sends body i modulo count. `_native.memory.bodies` reads the file.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisbench._native.sending.names import RUN_HOLE, SESSION_HOLE
from aisbench.backends.prompt import RUN, SESSION
from aisbench.errors import BadInput
from aisbench.masking.fields import MASK, masked_fields, masked_in_text, masked_names
from aisbench.masking.masking import in_bodies

_MAGIC = b"AISBODY1"
_WRITE_BUFFER_BYTES = 1 << 20
# What every field that masked_fields masks has in its name, or in its value.
_MAY_BE_SECRET = re.compile(
    rb"key\"|token\"|secret|passw|passphrase|pwd|auth|bearer|credential|cookie|jwt|header|@", re.I
)
# The shortest secret, in quotes, that is searched for without them.
_LONG = 10
# Prompts hold stars of their own.
_MAY_BE_MASKED = tuple(form.encode() for form in (f'"{MASK}"', f' {MASK}"', f"://{MASK}@"))
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
    if in_bodies:
        path.chmod(0o600)
    return Bodies(path, count, unique, digest.hexdigest())


def blank_secrets(path: Path, secrets: Iterable[str]) -> None:
    """Overwrites `secrets` in the bodies of a written file with stars, of which it keeps the length."""
    forms: set[bytes] = set()
    for secret in secrets:
        for text in (json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
            # A short one may be part of an unrelated word, and a long one the end of "Bearer ...".
            forms.add((text if len(text) < _LONG else text[1:-1]).encode())
    if not forms or not path.exists():
        return
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        for form in forms:
            quoted = form[:1] == form[-1:] == b'"'
            stars = b'"' + b"*" * (len(form) - 2) + b'"' if quoted else b"*" * len(form)
            at = content.find(form)
            while at >= 0:
                content[at : at + len(form)] = stars
                at = content.find(form, at + len(form))


def without_secrets(body: bytes) -> bytes:
    """`body`, JSON as json.dumps makes it, with the texts of fields such as api_key masked."""
    if _MAY_BE_SECRET.search(body) is None:
        return body
    try:
        fields = json.loads(body)
    except ValueError:
        # The body of a template, which need not be JSON.
        return masked_in_text(body.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    masked = masked_fields(fields)
    return body if masked == fields else json.dumps(masked).encode()


def check_unmasked(body: bytes) -> None:
    """Raises BadInput for a body with a mask in place of a secret, as in an exported workload."""
    if not any(form in body for form in _MAY_BE_MASKED):
        return
    try:
        names = masked_names(json.loads(body))
    except ValueError:
        return
    if not names:
        return
    name = names[0].partition(".")[0]
    raise BadInput(
        f"the bodies have {MASK} in place of {', '.join(names)}; give it again, as in --extra-body "
        f"'{json.dumps({name: '...'})}'"
    )


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
