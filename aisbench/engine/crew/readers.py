"""The reader that a worker has for its sockets, by the word of --reader."""

from __future__ import annotations

from dataclasses import dataclass

from aisbench._native.receiving.epoll_reader import EpollReader
from aisbench._native.receiving.reader import Reader
from aisbench._native.receiving.uring_reader import UringReader
from aisbench.errors import BadInput

EPOLL = "epoll"
IO_URING = "io_uring"


@dataclass(frozen=True)
class ChosenReader:
    """A reader, its name, and why it is not io_uring's although that was wanted (None: it is, or was not wanted)."""

    reader: Reader
    name: str
    refused: str | None = None


def reader_for(word: str) -> ChosenReader:
    """A new reader: `word` is epoll, io_uring, or auto, which is io_uring where the kernel and the container allow it.

    Raises OSError for io_uring where they do not.
    """
    if word == EPOLL:
        return ChosenReader(EpollReader(), EPOLL)
    try:
        return ChosenReader(UringReader(), IO_URING)
    except OSError as problem:
        if word == IO_URING:
            raise
        return ChosenReader(EpollReader(), EPOLL, problem.strerror)


def check_io_uring() -> None:
    """Raises BadInput if this host has no io_uring for those who ask for it."""
    try:
        reader_for(IO_URING)
    except OSError as problem:
        raise BadInput(
            f"--reader {IO_URING} cannot be had here ({problem.strerror}): it needs Linux 6.1, and a container that does not "
            "forbid it, as Docker's default seccomp profile does; use --reader auto or epoll"
        ) from None
