"""Writes files whole or not at all: a reader never sees half a file, and a failure leaves the old one in place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file for writing that replaces `path` when the block ends without an error.

    Until then it lies next to `path`, under a name that only this process uses. An OSError names `path`.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        os.replace(part, path)
    except OSError as problem:
        if problem.filename == str(part):
            problem.filename, problem.filename2 = str(path), None
        raise
    finally:
        part.unlink(missing_ok=True)


def write_bytes(content: bytes, path: Path) -> None:
    """Writes the file whole or not at all."""
    with written_whole(path) as file:
        file.write(content)


def write_text(text: str, path: Path) -> None:
    """Writes the file whole or not at all, as UTF-8."""
    write_bytes(text.encode(), path)
