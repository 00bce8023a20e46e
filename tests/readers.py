"""The readers that tests of the core can have on this machine."""

from __future__ import annotations

from aisbench.engine.crew.readers import EPOLL, IO_URING, reader_for

READERS = (EPOLL, IO_URING) if reader_for("auto").name == IO_URING else (EPOLL,)
