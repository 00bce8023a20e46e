"""Server processes that are killed or stopped, and addresses where nobody is."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from tests.faults.answers import GOOD, HEAD, TOKEN, TOKENS, chunk
from tests.faults.fault import Fault
from tests.native.servers import packed

# The process has the listener and kills itself: with which signal, before or after it reads the request, and what it
# sends before.
_DOOMED = """
import os, socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
client = listener.accept()[0]
if int(sys.argv[3]):
    while not client.recv(65536).endswith(b"{}"):
        pass
if sys.argv[4]:
    client.sendall(bytes.fromhex(sys.argv[4]))
os.kill(os.getpid(), int(sys.argv[2]))
"""
_KILL, _TERM, _STOP = 9, 15, 19
Place = Callable[[], AbstractContextManager[bytes]]


def _doomed(signal: int, sends: bytes, reads: bool = True) -> Place:
    """The address of a process that ends at its first request, or at its first connection."""

    @contextlib.contextmanager
    def place() -> Iterator[bytes]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = packed(listener.getsockname())
            given = (listener.fileno(), signal, int(reads), sends.hex())
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _DOOMED, *map(str, given)], pass_fds=[listener.fileno()]
            )
        try:
            yield address
        finally:
            process.kill()
            process.wait(10)

    return place


def _killed(name: str, kind: str, sends: bytes, signal: int = _KILL, reads: bool = True) -> Fault:
    return Fault(name, kind=kind, place=_doomed(signal, sends, reads), then="connect", in_flight=1)


def _stopped(name: str, sends: bytes) -> Fault:
    return Fault(
        name, kind="timeout", place=_doomed(_STOP, sends), then="timeout", drive={"timeout_ns": 500_000_000}
    )


@contextlib.contextmanager
def _refusing() -> Iterator[bytes]:
    """A port that is bound, so that nobody else gets it, and does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield packed(taken.getsockname())


@contextlib.contextmanager
def _full() -> Iterator[bytes]:
    """A listener that accepts nothing and whose queue is full."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield packed(listener.getsockname())


@contextlib.contextmanager
def _no_such_socket() -> Iterator[bytes]:
    yield struct.pack("=H", socket.AF_UNIX) + b"/nowhere/at/all.sock\0"


@contextlib.contextmanager
def _broadcast() -> Iterator[bytes]:
    yield packed(("255.255.255.255", 80))


FAULTS: tuple[Fault, ...] = (
    _killed("killed before it answers", "connection_reset", b""),
    _killed("killed before it reads the request", "connection_reset", b"", reads=False),
    _killed("killed after the head", "stream_cut", HEAD),
    _killed("killed after a token", "stream_cut", HEAD + chunk(TOKEN)),
    _killed("killed within an event", "stream_cut", HEAD + chunk(TOKENS + TOKEN[:20])),
    _killed("killed after a complete answer", "ok", GOOD),
    _killed("ended by SIGTERM after a token", "stream_cut", HEAD + chunk(TOKEN), _TERM),
    _stopped("stopped (SIGSTOP) before it answers", b""),
    _stopped("stopped (SIGSTOP) after a token", HEAD + chunk(TOKEN)),
    Fault("a port that refuses", kind="connect", place=_refusing, then="connect"),
    Fault(
        "a listener with a full queue",
        kind="timeout",
        place=_full,
        then="timeout",
        drive={"timeout_ns": 250_000_000},
    ),
    Fault("a unix socket that is not there", kind="connect", place=_no_such_socket, then="connect"),
    Fault("an address that cannot be connected to", kind="connect", place=_broadcast, then="connect"),
)
