"""A disk without room: known when it is met, and told in one line."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from aisbench.errors import CannotRun

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# With which a worker ends that cannot keep its records: its log is on the same disk.
EXIT_FULL = 28


def is_full(problem: BaseException | None) -> bool:
    """True for an error that more room on the disk, or in a quota, would fix."""
    return isinstance(problem, OSError) and problem.errno in _FULL


def full_text(problem: OSError) -> str:
    """What there was no room for, as far as the error knows."""
    reason = os.strerror(problem.errno or errno.ENOSPC)
    return f"no room on the disk for {problem.filename} ({reason})" if problem.filename else reason


@contextlib.contextmanager
def room_for(what: str, help_text: str) -> Iterator[None]:
    """Raises CannotRun when the disk is full within the block: what was not written, and what would help."""
    try:
        yield
    except OSError as problem:
        if not is_full(problem):
            raise
        raise CannotRun(
            f"no room on the disk for {what} ({os.strerror(problem.errno or 0)}); {help_text}"
        ) from None
