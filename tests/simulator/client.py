"""A client of the standard library, which knows nothing of what it tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aisbench.simulator.process import SimulatorProcess

CHAT = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
TIMEOUT_S = 30.0


@dataclass
class Answered:
    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def stream(self) -> str:
        assert self.content_type.startswith("text/event-stream")
        return self.body.decode()

    @property
    def events(self) -> list[Any]:
        """The data of each event, [DONE] as text; nothing else may be in the stream."""
        assert self.content_type.startswith("text/event-stream")
        assert self.body.endswith(b"\n\n")
        lines = self.body.decode().split("\n\n")[:-1]
        assert all(line.startswith("data: ") and "\n" not in line for line in lines)
        data = [line.removeprefix("data: ") for line in lines]
        return [text if text == "[DONE]" else json.loads(text) for text in data]


def request(port: int, method: str, path: str, body: object = None, **headers: str) -> Answered:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    with contextlib.closing(connection):
        payload = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, payload, headers)
        answer = connection.getresponse()
        return Answered(answer.status, answer.getheader("content-type", ""), answer.read())


def ask(simulator: SimulatorProcess, path: str, body: object) -> Answered:
    """The same wherever the simulator listens: on a port or a Unix socket, encrypted or not."""
    with contextlib.closing(simulator.connect()) as connection:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", path, payload)
        answer = connection.getresponse()
        return Answered(answer.status, answer.getheader("content-type", ""), answer.read())


def chat(port: int, words: int = 3, tokens: int = 4, **more: object) -> Answered:
    messages = [{"role": "user", "content": " ".join(["word"] * words)}]
    return request(port, "POST", CHAT, {"messages": messages, "max_tokens": tokens, "stream": True, **more})


def raw_request(path: str, body: object, *headers: str) -> bytes:
    payload = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "host: test", f"content-length: {len(payload)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client:
        yield client


def read_until(client: socket.socket, end: bytes, times: int = 1) -> bytes:
    """Everything up to the `times`-th `end`; fails when the connection closes before."""
    data = bytearray()
    while times > 0:
        piece = client.recv(1 << 16)
        assert piece, f"closed after {bytes(data[-200:])!r}"
        # Only where `end` can be new: some answers have megabytes.
        begin = max(0, len(data) - len(end) + 1)
        data += piece
        times -= data.count(end, begin)
    return bytes(data)


def read_all(client: socket.socket) -> bytes:
    data = b""
    while piece := client.recv(1 << 16):
        data += piece
    return data
