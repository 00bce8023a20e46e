"""Claims a folder that a command writes to for long, so that no second command continues it meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from aisbench.errors import BadInput


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Within the block, no other process can claim `folder`. The kernel ends the claim when this process ends.

    Raises BadInput if another process has claimed it. A folder that cannot be opened is not claimed, and neither is one
    whose file system has no such locks.
    """
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        # What reads the folder next says what is wrong with it.
        yield
        return
    try:
        _lock(fd, folder)
        yield
    finally:
        os.close(fd)


def _lock(fd: int, folder: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BadInput(
            f"another aisbench is at work in {folder}; wait until it has ended, or end it with Ctrl-C, and try again"
        ) from None
    except OSError:
        pass
