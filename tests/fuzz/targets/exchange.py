"""Whole exchanges: a server on a real socket sends an input in pieces, closes or resets, and the load must end well.

The first byte of an input chooses the API. The rest is sent as the answer to each request.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import numpy as np
import orjson

from aisbench._native.memory.recorder import ERRORS, STATUSES
from aisbench.backends.openai_chat import CHAT
from aisbench.backends.openai_responses import RESPONSES
from tests.backends.reading import rules_of
from tests.fuzz.engine import Check, Target
from tests.fuzz.reads import splits
from tests.fuzz.targets.decode import DECODE, make_value
from tests.fuzz.targets.http import HTTP, make_head, with_body
from tests.fuzz.targets.sse import SSE, make_stream
from tests.native.servers import Drive, read_request

_CASES: tuple[dict[str, Any], ...] = (
    {"rules": rules_of(CHAT), "tool_calls": CHAT.tool_calls, "must_finish": True, "text": True},
    {"rules": rules_of(RESPONSES), "tool_calls": RESPONSES.tool_calls, "must_finish": True, "text": True},
    {"rules": CHAT.plain_rules, "tool_calls": CHAT.tool_calls, "streams": False, "text": True},
)
# What an answer comes to, however it is read.
_RESULT = (
    *("status", "error", "http_status", "finish", "prompt_tokens", "output_tokens", "cached_tokens"),
    *("content_events", "reasoning_events", "events"),
)
# The times of a request, in order, where they are known.
_TIMES = ("began_ns", "sent_ns", "first_byte_ns", "first_token_ns", "last_token_ns", "done_ns")
# Far above what a run takes; a request that waits this long is a finding.
_TIMEOUT_NS = 20_000_000_000


class _Server:
    """Answers each connection's requests with `pieces`, at most `answers` on one connection; then closes or resets."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.answers = 1
        self.resets = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # A client that stopped in the middle of a request may be gone without a trace.
                client.settimeout(10)
                self._answer(client)
                if self.resets:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _answer(self, client: socket.socket) -> None:
        for _ in range(self.answers):
            if not read_request(client):
                return
            for piece in self.pieces:
                client.sendall(piece)
            # The client may see no end of the answer, and then only the end of the connection helps.
            if not select.select([client], [], [], 0.01)[0]:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(20)


def _run(server: _Server, count: int, case: dict[str, Any]) -> tuple[np.ndarray, list[tuple[str, bytes]]]:
    """The rows of `count` requests, and their failures, after checking that they fit together."""
    with tempfile.TemporaryDirectory() as folder:
        drive = Drive(Path(folder), server.address, count=count, timeout_ns=_TIMEOUT_NS, **case)
        drive.start()
        while not drive.driver.finished:
            drive.turn()
        live = drive.live.copy()
        # First closed, which cuts the unused rows off.
        drive.recorder.close()
        rows = drive.rows()
        texts = (Path(folder) / "text-0.bin").read_bytes()
    assert len(rows) == count == live["sent"] == live["ok"] + live["failed"]
    assert live["in_flight"] == 0
    assert len(drive.failures) == live["failed"] == np.count_nonzero(rows["status"] != STATUSES.index("ok"))
    assert int(np.sum(rows["content_events"])) == live["token_events"]
    for row in rows:
        assert ERRORS[row["error"]] != "timeout", "a request waits although its connection was closed"
        times = [int(row[name]) for name in _TIMES if row[name]]
        assert times == sorted(times), dict(zip(_TIMES, times, strict=False))
        assert row["bytes_received"] <= sum(map(len, server.pieces))
        if STATUSES[row["status"]] == "ok":
            assert row["http_status"] == 200
            assert row["content_events"] > 0
            assert row["error"] == 0
            said = orjson.loads(texts[row["text_log_at"] :][: row["text_log_bytes"]])
            assert isinstance(said["content"], str)
            assert isinstance(said["reasoning"], str)
        else:
            assert STATUSES[row["status"]] == "failed"
            assert row["error"] > 0
    return rows, [(kind, detail) for _, kind, _, detail in drive.failures]


@contextlib.contextmanager
def _opened() -> Iterator[Check]:
    server = _Server()

    def check(data: bytes) -> None:
        case = _CASES[data[0] % len(_CASES)] if data else _CASES[0]
        answer = data[1:]
        server.answers, server.resets = 1, False
        results = []
        for pieces in ([answer], list(splits(answer))[-1]):
            server.pieces = pieces
            (row,), failures = _run(server, 1, case)
            results.append(([int(row[name]) for name in _RESULT], failures))
        assert results[0] == results[1], f"read as {server.pieces}"
        # What follows an answer on its connection, and how much of it a reset leaves, is up to the kernel.
        rng = Random(crc32(data))
        server.answers, server.resets = rng.randint(1, 3), rng.random() < 0.5
        _run(server, 3, case)

    try:
        yield check
    finally:
        server.close()


# Pieces of tool calls have members that the rules do not name.
_CALLS = ("choices[].delta.tool_calls[]", "choices[].delta.function_call")
_PATHS = tuple(
    [
        *(path for path, _ in rules),
        *(
            f"{call}.{name}"
            for call in _CALLS
            for name in ("index", "id", "function.name", "function.arguments")
        ),
        *(f"item.{name}" for name in ("id", "type", "call_id", "name", "arguments")),
    ]
    for rules in (rules_of(CHAT), rules_of(RESPONSES))
)


def _chat_events(rng: Random) -> bytes:
    """A stream of events of the chosen API, which ends well more often than not."""
    events = [make_value(rng, _PATHS[rng.randrange(2)]) for _ in range(rng.randint(1, 5))]
    stream = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)
    finish = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'
    return stream + rng.choice((finish, finish + b"data: [DONE]\n\n", b"data: [DONE]\n\n", b""))


def _make(rng: Random) -> bytes:
    case = rng.randrange(len(_CASES))
    if case == 2:
        paths = [path for path, _ in CHAT.plain_rules] + [
            f"choices[].message.tool_calls[].{n}" for n in ("index", "id")
        ]
        head = make_head(rng) + b"Content-Type: application/json\r\n"
        return bytes([case]) + with_body(head, json.dumps(make_value(rng, paths)).encode(), rng)
    body = _chat_events(rng) if rng.random() < 0.8 else make_stream(rng)
    return bytes([case]) + with_body(make_head(rng) + b"Content-Type: text/event-stream\r\n", body, rng)


EXCHANGE = Target("exchange", _opened, _make, (*HTTP.words, *SSE.words, *DECODE.words))
