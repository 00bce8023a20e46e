"""A client and the server that it meets on real sockets, in one thread: what is sent, the client has read at once.

So an input comes in just the reads that it is cut into, and one answer takes a fraction of a millisecond.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from aisbench._native.memory.recorder import ERRORS, ROW_FIELDS, ROWS_HEADER_BYTES, STATUSES
from tests.native.servers import Drive

_ROW = np.dtype(ROW_FIELDS)
# How many requests one client sends before another takes its place, so that its files stay small.
_REQUESTS = 4000
# A client that does nothing for so many turns (of 20 ms each, if nothing happens) waits for ever.
_MOST_TURNS = 250
# Far above what a run takes.
_TIMEOUT_NS = 600_000_000_000
# The times of a request, in order, where they are known.
_TIMES = ("began_ns", "sent_ns", "first_byte_ns", "first_token_ns", "last_token_ns", "done_ns")


class Peer:
    """The server's side of one connection. `received`: what the client sent and no request has taken yet."""

    def __init__(self, client: socket.socket, tls: ssl.SSLContext | None) -> None:
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client = client
        self.received = b""
        self.tunneled = False
        self.closed = False
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = None if tls is None else tls.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self._shaken = tls is None

    def read(self) -> None:
        """Takes what has come; notices that the client has closed."""
        with contextlib.suppress(BlockingIOError):
            try:
                data = self.client.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                self.close()
            elif self.tls is None:
                self.received += data
            else:
                self.incoming.write(data)
                self._unseal()

    def _unseal(self) -> None:
        assert self.tls is not None
        with contextlib.suppress(ssl.SSLWantReadError):
            try:
                if not self._shaken:
                    self.tls.do_handshake()
                    self._shaken = True
                while data := self.tls.read(1 << 16):
                    self.received += data
            except ssl.SSLError as problem:
                if isinstance(problem, ssl.SSLWantReadError):
                    raise
                self.close()
                return
            finally:
                self.put(self.outgoing.read())

    def request(self) -> bytes:
        """The next request, head and body; empty if it is not complete."""
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return b""
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
        if len(body) < length:
            return b""
        self.received = body[length:]
        return head + end + body[:length]

    def put(self, data: bytes) -> None:
        """Sends bytes as they are."""
        with contextlib.suppress(OSError):
            if data and not self.closed:
                self.client.sendall(data)

    def sealed(self, data: bytes) -> bytes:
        """`data` as one TLS record or more; as it is without TLS."""
        if self.tls is None or not data:
            return data
        self.tls.write(data)
        return self.outgoing.read()

    def close(self, *, reset: bool = False) -> None:
        if reset and not self.closed:
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.closed = True
        self.client.close()


class Wire:
    """`tunnel`: the server is a proxy, which is asked for a tunnel first. `more`: the client's other arguments."""

    def __init__(self, *, server_tls: ssl.SSLContext | None = None, tunnel: bytes = b"", **more: Any) -> None:
        self._server_tls = server_tls
        self._folder = Path(tempfile.mkdtemp(prefix="wire-"))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.setblocking(False)
        self.peers: list[Peer] = []
        # How many bytes of the last answer were sent before the request ended.
        self.sent = 0
        self.drive = Drive(
            self._folder,
            self._listener.getsockname(),
            count=_REQUESTS,
            timeout_ns=_TIMEOUT_NS,
            tunnel=tunnel,
            text=True,
            **more,
        )
        self._rows = os.open(self._folder / "rows-0.bin", os.O_RDONLY)
        self._texts = os.open(self._folder / "text-0.bin", os.O_RDONLY)
        self.drive.start()

    @property
    def used_up(self) -> bool:
        return self.settled > _REQUESTS - 100

    @property
    def settled(self) -> int:
        """How many requests have ended."""
        live = self.drive.live
        return int(live["ok"] + live["failed"])

    def close(self) -> None:
        self.drive.driver.cancel()
        for peer in self.peers:
            peer.close()
        self._listener.close()
        self.drive.recorder.close()
        os.close(self._rows)
        os.close(self._texts)
        shutil.rmtree(self._folder, ignore_errors=True)

    def turn(self) -> None:
        """Lets both sides do what they can do now."""
        self.drive.driver.on_wake()
        with contextlib.suppress(BlockingIOError):
            while True:
                self.peers.append(Peer(self._listener.accept()[0], self._server_tls))
        for peer in self.peers:
            if not peer.closed:
                peer.read()
        self.peers = [peer for peer in self.peers if not peer.closed]

    def greet(self, data: bytes) -> Peer:
        """Sends `data` on a connection that the client is making, before it can have sent anything."""
        self.peers.append(Peer(self._listener.accept()[0], None))
        self.peers[-1].put(data)
        return self.peers[-1]

    def asked(self) -> Peer:
        """Waits for the next connection on which something was sent; for TLS, after the handshake."""
        for turn in range(_MOST_TURNS):
            self.turn()
            for peer in self.peers:
                if peer.received:
                    return peer
            if turn > 20:
                self.drive.turn()
        raise AssertionError("the client sends no request")

    def answer(self, peer: Peer, pieces: Sequence[bytes], *, reset: bool = False) -> int:
        """Sends `pieces`, each read by itself, and closes unless they ended the request; returns the request's index."""
        index = self.settled
        self.sent = 0
        for piece in pieces:
            peer.put(piece)
            self.sent += len(piece)
            self.turn()
            if self.settled > index:
                return index
        peer.close(reset=reset)
        self.finish(index)
        return index

    def finish(self, index: int) -> None:
        """Waits for the end of request `index`, and closes every connection on which it is sent again."""
        for turn in range(_MOST_TURNS):
            if self.settled > index:
                return
            if turn > 0:
                self.turn()
                for peer in self.peers:
                    if self.settled == index and peer.received:
                        peer.close()
            if self.settled == index:
                self.drive.turn()
        raise AssertionError("a request waits although its connection was closed")

    def row(self, index: int) -> np.void:
        """The row of a request that has ended, after checking that it fits together."""
        where = ROWS_HEADER_BYTES + index * _ROW.itemsize
        row: np.void = np.frombuffer(os.pread(self._rows, _ROW.itemsize, where), _ROW)[0]
        live = self.drive.live
        assert live["in_flight"] <= 1
        assert len(self.drive.failures) == live["failed"]
        times = [int(row[name]) for name in _TIMES if row[name]]
        assert times == sorted(times), dict(zip(_TIMES, times, strict=False))
        if STATUSES[row["status"]] == "ok":
            assert row["http_status"] == 200
            assert row["content_events"] > 0
            assert row["error"] == 0
        else:
            assert STATUSES[row["status"]] == "failed"
            assert row["error"] > 0
            assert ERRORS[row["error"]] != "timeout"
        return row

    def failure(self, row: np.void) -> tuple[str, bytes]:
        """The kind and the words of the failure of a request; empty if it is good."""
        if STATUSES[row["status"]] == "ok":
            return "", b""
        _, kind, _, words = next(one for one in reversed(self.drive.failures) if one[0] == row["slot"])
        return kind, words

    def text(self, row: np.void) -> dict[str, Any]:
        """The saved texts of a good answer."""
        self.drive.recorder.flush()
        said: dict[str, Any] = orjson.loads(
            os.pread(self._texts, int(row["text_log_bytes"]), int(row["text_log_at"]))
        )
        assert isinstance(said["content"], str)
        assert isinstance(said["reasoning"], str)
        return said


class Wires:
    """The wires of a target, by name: each is opened when it is needed, and again when it is used up or has failed."""

    def __init__(self, arguments: dict[Any, dict[str, Any]]) -> None:
        self._arguments = arguments
        self._open: dict[Any, Wire] = {}

    def __getitem__(self, name: Any) -> Wire:
        wire = self._open.get(name)
        if wire is not None and wire.used_up:
            self.drop(name)
            wire = None
        if wire is None:
            wire = self._open[name] = Wire(**self._arguments[name])
        return wire

    def drop(self, name: Any) -> None:
        if name in self._open:
            self._open.pop(name).close()

    def close(self) -> None:
        for name in [*self._open]:
            self.drop(name)

    @contextlib.contextmanager
    def checking(self, check: Callable[[bytes], None]) -> Iterator[Callable[[bytes], None]]:
        """Gives `check`, opens the wires again after each of its failures, and closes them at the end."""

        def guarded(data: bytes) -> None:
            try:
                check(data)
            except Exception:
                self.close()
                raise

        try:
            yield guarded
        finally:
            self.close()
