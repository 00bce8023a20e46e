"""A chat server that gives the answer a function says, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Reply = Callable[[Body], str]


class AnsweringServer:
    """`asked`: the bodies in the order in which they came; `answered`: those whose answer has left.

    After `hold_after` answers, the next ones wait until `go_on`.
    """

    def __init__(self, reply: Reply, hold_after: int | None) -> None:
        self.asked: list[Body] = []
        self.answered: list[Body] = []
        self.go_on = threading.Event()
        self._reply = reply
        self._hold_after = hold_after
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def texts(self) -> list[str]:
        """The last message of each body."""
        return [text_of(body) for body in self.asked]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(json.dumps({"data": [{"id": "made/up"}]}).encode(), "application/json")

            def do_POST(self) -> None:
                body: Body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server._lock:
                    server.asked.append(body)
                    number = len(server.asked)
                if server._hold_after is not None and number > server._hold_after:
                    server.go_on.wait(60)
                text, chat = server._reply(body), "messages" in body
                said: Body = {"delta": {"content": text}} if chat else {"text": text}
                ended: Body = {"delta": {}} if chat else {"text": ""}
                events: list[Body] = [
                    {"choices": [{"index": 0, **said, "finish_reason": None}]},
                    {"choices": [{"index": 0, **ended, "finish_reason": "stop"}]},
                    {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}},
                ]
                stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
                with contextlib.suppress(OSError):
                    self._send(stream.encode(), "text/event-stream")
                    with server._lock:
                        server.answered.append(body)

            def _send(self, content: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

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
def answering(reply: Reply, *, hold_after: int | None = None) -> Iterator[AnsweringServer]:
    server = AnsweringServer(reply, hold_after)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.end()
        thread.join()


def text_of(body: Body) -> str:
    text: str = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    return text
