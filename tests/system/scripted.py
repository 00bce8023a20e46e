"""A server that answers each POST as a test says, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STREAM = {"Content-Type": "text/event-stream"}


@dataclass(frozen=True)
class Asked:
    path: str
    headers: Message
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass(frozen=True)
class Reply:
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: STREAM)
    status: int = 200


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, reply: Callable[[Asked], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.asked: list[Asked] = []
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        self.send(Reply(b"", {}, 404))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.path, self.headers, raw)
        with self.server.lock:
            self.server.asked.append(asked)
            reply = self.server.reply(asked)
        self.send(reply)

    def send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        # A test may have ended the client before its answer.
        with suppress(ConnectionError):
            self.wfile.write(reply.body)


@contextmanager
def scripted(reply: Callable[[Asked], Reply]) -> Iterator[tuple[str, list[Asked]]]:
    """Yields the server's address, and the requests that it has had, in order."""
    server = _Server(reply)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.asked
    finally:
        server.shutdown()
        server.server_close()


def chat(_: Asked) -> Reply:
    """A stream of OpenAI's chat API that says hi."""
    return Reply(chat_events("hi"))


def chat_events(text: str) -> bytes:
    events: list[Any] = [
        {"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}},
    ]
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in events) + b"data: [DONE]\n\n"
