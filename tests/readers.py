"""The readers that tests of the core can have on this machine."""

from __future__ import annotations

from aisbench.engine.crew.readers import EPOLL, IO_URING, reader_for


def _has_io_uring() -> bool:
    try:
        reader_for(IO_URING)
    except OSError:
        return False
    return True


READERS = (EPOLL, IO_URING) if _has_io_uring() else (EPOLL,)
