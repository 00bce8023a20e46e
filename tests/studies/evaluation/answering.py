"""A chat server that gives the answer a function says, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

Body = dict[str, Any]
Reply = Callable[[Body], str]
JSON, STREAM = "application/json", "text/event-stream"


class RecordingServer:
    """`asked`: the bodies in the order in which they came; `answered`: those whose answer has left.

    After `hold_after` answers, the next ones wait until `go_on`. What an answer is, `respond` says. `keys`: the
    Authorization of each request.
    """

    listed: ClassVar[Body] = {"id": "made/up"}

    def __init__(self, hold_after: int | None) -> None:
        self.asked: list[Body] = []
        self.answered: list[Body] = []
        self.go_on = threading.Event()
        self.keys: list[str | None] = []
        self._hold_after = hold_after
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def respond(self, body: Body) -> tuple[int, str, str]:
        """Status, content and its type."""
        raise NotImplementedError

    def texts(self) -> list[str]:
        """The last message of each body."""
        return [text_of(body) for body in self.asked]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(200, json.dumps({"data": [server.listed]}), JSON)

            def do_POST(self) -> None:
                server.keys.append(self.headers.get("Authorization"))
                body: Body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server._lock:
                    server.asked.append(body)
                    number = len(server.asked)
                if server._hold_after is not None and number > server._hold_after:
                    server.go_on.wait(60)
                response = server.respond(body)
                with contextlib.suppress(OSError):
                    self._send(*response)
                    with server._lock:
                        server.answered.append(body)

            def _send(self, status: int, content: str, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content.encode())))
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.01)

    def end(self) -> None:
        self.go_on.set()
        self._http.shutdown()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextlib.contextmanager
def serving(server: RecordingServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.end()
        thread.join()


class AnsweringServer(RecordingServer):
    def __init__(self, reply: Reply, hold_after: int | None) -> None:
        self._reply = reply
        super().__init__(hold_after)

    def respond(self, body: Body) -> tuple[int, str, str]:
        usage: Body = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
        return 200, stream_of([self._reply(body)], chat="messages" in body, last=usage), STREAM


@contextlib.contextmanager
def answering(reply: Reply, *, hold_after: int | None = None) -> Iterator[AnsweringServer]:
    server = AnsweringServer(reply, hold_after)
    with serving(server):
        yield server


def stream_of(pieces: list[str], *, chat: bool, last: Body | None = None) -> str:
    """An answer in so many pieces as an event stream; `last`: one more event before its end."""
    said = [{"delta": {"content": piece}} if chat else {"text": piece} for piece in pieces]
    end: Body = {"delta": {}} if chat else {"text": ""}
    events: list[Body] = [
        *({"choices": [{"index": 0, **one, "finish_reason": None}]} for one in said),
        {"choices": [{"index": 0, **end, "finish_reason": "stop"}]},
        *([] if last is None else [last]),
    ]
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def text_of(body: Body) -> str:
    text: str = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    return text
