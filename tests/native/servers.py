"""Small servers that misbehave in one exact way, and a driver to meet them: real sockets, no simulator."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import weakref
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aisbench._native.conversations import Conversations
from aisbench._native.driver import Driver
from aisbench._native.memory.bodies import BodyFile
from aisbench._native.memory.recorder import ERRORS, ROW_FIELDS, ROWS_HEADER_BYTES, Recorder
from aisbench._native.memory.shared import LIVE_FIELDS, SharedBlock, Slots
from aisbench._native.os.clock import now_ns
from aisbench._native.protocol.decode import Decoder
from aisbench._native.sending.aborts import Aborts
from aisbench._native.sending.names import Names
from aisbench._native.tally import Reading
from aisbench._native.targets import Target, Targets
from aisbench.backends.event_rules import Rules
from aisbench.backends.history import History
from aisbench.backends.openai_completions import COMPLETIONS
from aisbench.backends.tool_calls import FromPieces
from aisbench.engine.crew.readers import reader_for
from aisbench.workload.bodies import write_bodies
from tests.backends.reading import rules_of
from tests.waiting import readable

# The reader of tests that do not choose one: io_uring where it can be had.
READER = "auto"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
COMPLETIONS_RULES = rules_of(COMPLETIONS)
DONE = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def token(text: str = "x") -> bytes:
    event = b"data: %b\n\n" % json.dumps({"choices": [{"text": text, "finish_reason": None}]}).encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


def packed(address: tuple[str, int]) -> bytes:
    """The struct sockaddr_in of an IPv4 address."""
    host, port = address
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)


def read_request(client: socket.socket) -> bytes:
    """One request, head and body; empty when the client has closed before its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        more = client.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def serving(handle: Callable[[socket.socket, int], None]) -> Iterator[tuple[str, int]]:
    """Calls `handle(connection, number)` in a thread for each connection; yields the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve(client: socket.socket, number: int) -> None:
        with client, contextlib.suppress(OSError):
            handle(client, number)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(client, len(threads)), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(10)


def _noting(failures: list[tuple[int, str, int, bytes]]) -> Callable[[int, int, int, bytes], None]:
    """What a driver calls for each failure. It refers to the list alone: a drive that referred to itself by it would
    keep its files and sockets open until the next collection of garbage."""

    def note(ticket: int, error: int, status: int, detail: bytes) -> None:
        failures.append((ticket, ERRORS[error], status, detail))

    return note


@dataclass
class Drive:
    """A driver against `address` in this process: `count` requests, `in_flight` at a time.

    `others`: the packed sockaddrs of more servers, which have their turns.
    """

    folder: Path
    address: tuple[str, int]
    count: int = 1
    in_flight: int = 1
    bodies: tuple[bytes, ...] = (b"{}",)
    conversations: Conversations | None = None
    keeps_slot: bool = True
    prefills: Slots | None = None
    aborts: Aborts | None = None
    keep_alive: bool = True
    streams: bool = True
    rules: Rules = COMPLETIONS_RULES
    must_finish: bool = False
    max_answer_bytes: int = 1 << 26
    max_event_bytes: int = 1 << 20
    timeout_ns: int = 60_000_000_000
    drop_after_ns: int = -1
    offsets_ns: list[int] = field(default_factory=list)
    text: bool = False
    counts_chunks: bool = False
    lines: bool = False
    end: bytes = b"[DONE]"
    tool_calls: FromPieces | None = None
    names: Names | None = None
    others: tuple[bytes, ...] = ()
    tls: ssl.SSLContext | None = None
    server_name: str = ""
    reader: str = field(default_factory=lambda: READER)
    tunnel: bytes = b""
    history: History = field(default_factory=lambda: History(None))
    failures: list[tuple[int, str, int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        write_bodies(self.folder / "bodies", self.bodies, len(self.bodies))
        self.block = SharedBlock.create(
            str(self.folder / "block"), 1, self.count, array("q", self.offsets_ns)
        )
        self.recorder = Recorder(str(self.folder), 0, True, self.text)
        head = b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nX-Request-Id: t-"
        self.driver = Driver(
            targets=Targets(
                [self._target(one, head) for one in (packed(self.address), *self.others)],
                keep_alive=self.keep_alive,
            ),
            reader=reader_for(self.reader).reader,
            reading=Reading(
                Decoder(self.rules),
                max_event_bytes=self.max_event_bytes,
                max_answer_bytes=self.max_answer_bytes,
                counts_chunks=self.counts_chunks,
                keeps_text=self.text or self.conversations is not None,
                tool_calls=self.tool_calls,
                streams=self.streams,
                must_finish=self.must_finish,
                lines=self.lines,
                end=self.end,
            ),
            conversations=self.conversations,
            keeps_slot=self.keeps_slot,
            prefills=self.prefills,
            aborts=self.aborts,
            history=self.history,
            names=self.names,
            bodies=BodyFile(str(self.folder / "bodies")),
            on_failure=_noting(self.failures),
            timeout_ns=self.timeout_ns,
            drop_after_ns=self.drop_after_ns,
        )
        self.slots = Slots(count=self.in_flight)
        self.driver.attach(self.block, 0, self.slots, self.recorder, self.in_flight)
        # Idle connections and their target refer to each other, so they would outlast this object.
        weakref.finalize(self, self.driver.cancel)

    def _target(self, address: bytes, head: bytes) -> Target:
        return Target(
            address=address, head=head, tunnel=self.tunnel, tls=self.tls, server_name=self.server_name
        )

    def start(self) -> None:
        start_ns = now_ns()
        self.recorder.start_at(start_ns)
        self.block.start(start_ns)
        self.driver.serve()

    def turn(self) -> None:
        """One wake, or a look at the time-outs when nothing happens."""
        if readable(self.driver.fd, 0.02):
            self.driver.on_wake()
        else:
            self.driver.expire()
            self.driver.let_go()

    def run(self) -> np.ndarray:
        """Until all is answered; the rows, by ticket."""
        self.start()
        while not self.driver.finished:
            self.turn()
        return self.rows()

    def rows(self, count: int = 0) -> np.ndarray:
        """The first `count` rows; without it, one for each ticket that was sent or dropped."""
        count = count or int(self.live["sent"] + self.live["dropped"])
        path = self.folder / "rows-0.bin"
        # The file has room for many more, which would take longer to read than most tests need.
        rows = np.fromfile(path, np.dtype(ROW_FIELDS), max(count, 1), offset=ROWS_HEADER_BYTES)
        return rows[np.argsort(rows["slot"], kind="stable")]

    @property
    def live(self) -> np.void:
        live: np.void = np.frombuffer(self.block.live_bytes(), np.dtype(LIVE_FIELDS))[0]
        return live
