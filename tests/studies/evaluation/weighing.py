"""A server for lm-evaluation-harness: answers depend on the whole request, and given texts have log-probabilities."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
# Not part of what is asked: how the answer is sent, and the backend's own fields that say nothing.
_UNMEANT = ("stream", "stream_options", "logprobs", "repetition_penalty", "model")


class WeighingServer:
    """`way`: how it gives the log-probabilities of a prompt: echo, prompt_logprobs, or none. `asked`: all bodies.

    Requests whose text holds a text of `refuses` get 500; after `hold_after` answers, the next ones wait until `go_on`.
    """

    def __init__(self, way: str, refuses: list[str], hold_after: int | None) -> None:
        self.asked: list[Body] = []
        self.answered: list[Body] = []
        self.go_on = threading.Event()
        self.way = way
        self.refuses = refuses
        self._hold_after = hold_after
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def meant(self) -> list[str]:
        """What was asked, whatever client sent it, in an order of its own."""
        return sorted(map(meant, self.asked))

    def _answer(self, body: Body) -> tuple[int, Body | str]:
        if isinstance(body.get("prompt"), list):
            return self._weigh(body)
        if any(text in json.dumps(body) for text in self.refuses):
            return 500, {"error": {"message": "out of memory"}}
        return 200, answer_to(body)

    def _weigh(self, body: Body) -> tuple[int, Body | str]:
        # The harness's own client sends a list of one.
        ids: list[int] = body["prompt"][0] if isinstance(body["prompt"][0], list) else body["prompt"]
        tokens = [None, *(likelihood(ids[: at + 1]) for at in range(1, len(ids)))]
        # Every third token is the likeliest at its place.
        best = [
            None if one is None else one if ids[at] % 3 == 0 else one / 2 for at, one in enumerate(tokens)
        ]
        choice: Body = {"index": 0, "text": "x", "finish_reason": "length"}
        if self.way == "echo" and body.get("echo"):
            top = [None if one is None else {"t": one} for one in best]
            choice["logprobs"] = {"token_logprobs": [*tokens, -1.0], "top_logprobs": [*top, {"t": -1.0}]}
        elif self.way == "prompt_logprobs":
            if body.get("echo"):
                return 400, {"error": {"message": "echo is not supported"}}
            choice["prompt_logprobs"] = [
                None if one is None else {str(ids[at]): {"logprob": one}, "-1": {"logprob": best[at]}}
                for at, one in enumerate(tokens)
            ]
        return 200, {"choices": [choice]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                listed = {"data": [{"id": "made/up", "max_model_len": 2048}]}
                self._send(200, json.dumps(listed), "application/json")

            def do_POST(self) -> None:
                body: Body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server._lock:
                    server.asked.append(body)
                    number = len(server.asked)
                if server._hold_after is not None and number > server._hold_after:
                    server.go_on.wait(60)
                status, found = server._answer(body)
                with contextlib.suppress(OSError):
                    self._reply(body, status, found)
                    with server._lock:
                        server.answered.append(body)

            def _reply(self, body: Body, status: int, found: Body | str) -> None:
                if not isinstance(found, str):
                    self._send(status, json.dumps(found), "application/json")
                elif body.get("stream"):
                    self._send(status, _stream(found, chat="messages" in body), "text/event-stream")
                else:
                    said = {"message": {"content": found}} if "messages" in body else {"text": found}
                    whole = {"choices": [{"index": 0, **said, "finish_reason": "stop"}]}
                    self._send(status, json.dumps(whole), "application/json")

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
def weighing(
    way: str = "echo", *, refuses: list[str] | None = None, hold_after: int | None = None
) -> Iterator[WeighingServer]:
    server = WeighingServer(way, refuses or [], hold_after)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.end()
        thread.join()


def meant(body: Body) -> str:
    """A request without what differs between clients that ask the same."""
    kept = {name: value for name, value in body.items() if name not in _UNMEANT}
    if "max_completion_tokens" in kept:
        kept["max_tokens"] = kept.pop("max_completion_tokens")
    return json.dumps(kept, sort_keys=True)


def answer_to(body: Body) -> str:
    """Right in about half of all cases; another request, even with another seed or stop, may get another answer."""
    digest = hashlib.sha256(meant(body).encode()).hexdigest()
    text = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    number = int(text.rpartition(" and ")[0].rpartition(" ")[2])
    return f"{digest[:6]}é\n makes\n\n{number + 100 + int(digest[0], 16) % 2}"


def likelihood(ids: list[int]) -> float:
    """Of the last of `ids` after the others."""
    return -int(hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:4], 16) / 8192


def _stream(text: str, *, chat: bool) -> str:
    pieces = [text[:5], text[5:]]
    events: list[Body] = [
        {"choices": [{"index": 0, **({"delta": {"content": one}} if chat else {"text": one})}]}
        for one in pieces
    ]
    end: Body = {"delta": {}} if chat else {"text": ""}
    events.append({"choices": [{"index": 0, **end, "finish_reason": "stop"}]})
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
