"""A server that answers well, but for the requests or connections that get a fault."""

from __future__ import annotations

import contextlib
import re
import socket
import threading

from tests.faults.answers import GOOD
from tests.faults.certificates import contexts
from tests.faults.fault import Fault, When
from tests.faults.peer import Peer, hold, take

# Of nine tickets or connections, these get the fault: good ones come before, between and after them.
FAULTY = (2, 4, 6)
# A good answer comes in two pieces, so that others arrive meanwhile.
_CUT = len(GOOD) // 2


class Server:
    """`most`: the most requests that clients were waiting for at a time. `used_again`: the faulty tickets after which
    the connection had another request."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.address = ("127.0.0.1", 0)
        self.most = 0
        self.used_again: set[int] = set()
        self._last_of: dict[int, Peer] = {}
        self._answering: set[Peer] = set()
        self._lock = threading.Lock()
        self._busy: set[Peer] = set()
        self._accepted = 0
        self._threads: list[threading.Thread] = []
        self.listen()

    def listen(self) -> None:
        self.listener = socket.create_server(self.address, backlog=64)
        self.address = self.listener.getsockname()
        self._start(self._accept, self.listener)

    def stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def finish(self) -> None:
        """Stops once the client has closed its connections."""
        self.stop_listening()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    @property
    def busy(self) -> bool:
        """Whether steps are left to take, other than to hold a connection."""
        return bool(self._busy)

    def kept(self, ticket: int) -> bool:
        """Whether the client keeps the connection of a faulty ticket, or has used it again."""
        return ticket in self.used_again or self._last_of[ticket].open

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self._start(self._serve, client, self._accepted)
                self._accepted += 1

    def _serve(self, client: socket.socket, number: int) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = Peer(client, self)
        with contextlib.suppress(OSError):
            self._meet(peer, number)
        peer.client.close()

    def _meet(self, peer: Peer, number: int) -> None:
        faulty = number in FAULTY
        if self.fault.when is When.TUNNEL:
            peer.read_head()
            if not faulty:
                peer.client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if faulty and self.fault.when in (When.TUNNEL, When.ACCEPT):
            for step in self.fault.steps:
                take(peer, step)
            return
        if self.fault.tls:
            peer.client = contexts()["good"].wrap_socket(peer.client, server_side=True)
        while begun := peer.read_head():
            self._answer(peer, begun)

    def _answer(self, peer: Peer, begun: bytes) -> None:
        found = re.search(rb"X-Request-Id: [^\r]*-(\d+)\r", begun, re.IGNORECASE)
        ticket = int(found[1]) if found is not None else -1
        faulty = ticket in FAULTY and self.fault.when in (When.ANSWER, When.BEFORE_BODY)
        if not (faulty and self.fault.when is When.BEFORE_BODY):
            peer.read_body(begun)
        with self._lock:
            self.used_again |= {last for last, its in self._last_of.items() if its is peer}
            # Those that the client has given up are no longer in flight.
            self._answering = {other for other in self._answering if other.open} | {peer}
            self.most = max(self.most, len(self._answering))
            if faulty:
                self._last_of[ticket] = peer
        steps = self.fault.steps if faulty and self.fault.place is None else (GOOD[:_CUT], GOOD[_CUT:])
        self._busy.add(peer)
        try:
            for number, step in enumerate(steps, 1):
                if step is hold:
                    self._busy.discard(peer)
                elif number == len(steps):
                    # Before the last bytes, as the client may answer them with its next request at once.
                    with self._lock:
                        self._answering.discard(peer)
                take(peer, step)
        finally:
            self._busy.discard(peer)
