"""Recognises a full disk, and reports it in one line."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from aisbench.errors import CannotRun

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Exit code of a worker that cannot write its records. It cannot log the reason, as its log is on the same disk.
EXIT_FULL = 28


def is_full(problem: BaseException | None) -> bool:
    """True for an error that more disk space or a larger quota would fix."""
    return isinstance(problem, OSError) and problem.errno in _FULL


def full_text(problem: OSError) -> str:
    """The message for a full disk, with the file that did not fit if the error names it."""
    reason = os.strerror(problem.errno or errno.ENOSPC)
    return f"no room on the disk for {problem.filename} ({reason})" if problem.filename else reason


@contextlib.contextmanager
def room_for(what: str, help_text: str) -> Iterator[None]:
    """Raises CannotRun if the disk fills up within the block.

    The message says that there is no room for `what`, and ends with `help_text`, which says what would help.
    """
    try:
        yield
    except OSError as problem:
        if not is_full(problem):
            raise
        raise CannotRun(
            f"no room on the disk for {what} ({os.strerror(problem.errno or 0)}); {help_text}"
        ) from None
