"""A connection as the scripted server has it, and the steps that a fault is made of."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.server import Server

# States of TCP (linux/tcp_states.h) in which the other side has not closed.
_OPEN_STATES = (1, 4, 5)
_APART_S = 0.001


@dataclass(eq=False)
class Peer:
    client: socket.socket
    server: Server

    def read_head(self) -> bytes:
        """The next request's head and what came with it; empty when the client has closed."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.client.recv(65536)
            if not more:
                return b""
            data += more
        return data

    def read_body(self, begun: bytes) -> None:
        """Reads the rest of a request of which `begun` has been read."""
        head, _, body = begun.partition(b"\r\n\r\n")
        left = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(body)
        while left > 0:
            more = self.client.recv(1 << 20)
            if not more:
                return
            left -= len(more)

    @property
    def open(self) -> bool:
        """Whether the client has not closed its side, by the kernel's word."""
        try:
            state = self.client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except OSError:
            return False
        return state in _OPEN_STATES


# Bytes are sent.
Step = bytes | Callable[[Peer], None]


def take(peer: Peer, step: Step) -> None:
    if isinstance(step, bytes):
        peer.client.sendall(step)
    else:
        step(peer)


def listen(peer: Peer) -> None:
    """Reads what the client sends first: a close with unread bytes would be a reset."""
    peer.client.recv(65536)


def close(peer: Peer) -> None:
    peer.client.close()


def reset(peer: Peer) -> None:
    peer.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.client.close()


def half_close(peer: Peer) -> None:
    """Sends no more."""
    peer.client.shutdown(socket.SHUT_WR)


def hold(peer: Peer) -> None:
    """Does nothing until the client closes."""
    with contextlib.suppress(OSError):
        while peer.client.recv(65536):
            pass


def apart(peer: Peer) -> None:
    """Lets the client read what was sent so far before more follows."""
    time.sleep(_APART_S)


def close_notify(peer: Peer) -> None:
    """Ends TLS as its standard says, and closes."""
    with contextlib.suppress(OSError):
        peer.client.unwrap()  # type: ignore[attr-defined]
    peer.client.close()


def bare(data: bytes) -> Step:
    """Sends bytes past TLS."""

    def send(peer: Peer) -> None:
        os.write(peer.client.fileno(), data)

    return send


def restart(peer: Peer) -> None:
    """Closes the listener and opens another on the same port."""
    peer.server.stop_listening()
    peer.server.listen()


def drip(data: bytes, size: int = 1) -> tuple[bytes, ...]:
    """Sends `size` bytes at a time."""
    return tuple(data[at : at + size] for at in range(0, len(data), size))
