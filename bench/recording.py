"""A server that records request bodies, answers each with one token, and forwards everything else.

It shows what a client sends, byte for byte, without loading the server under test. Requests that decide about
the prompts (/tokenize, /detokenize, /v1/models) are forwarded to that server.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aisbench.workload.bodies import write_bodies

ENDPOINTS = ("/v1/completions", "/v1/chat/completions")
CHAT_ANSWER = (
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":"length"}]}\n\n'
)
TEXT_ANSWER = b'data: {"choices":[{"index":0,"text":"a","finish_reason":"length"}]}\n\n'
END = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\ndata: [DONE]\n\n'


@dataclass
class Recording:
    """`behind`: the URL that other requests are forwarded to. `bodies`: (request id, bytes) in order of arrival."""

    behind: str
    port: int = 0
    bodies: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fingerprint(self) -> str:
        """As aisbench computes it from its own bodies, in the order of the request numbers at the end of the ids."""
        ordered = sorted(self.bodies, key=lambda kept: int(kept[0].rpartition("-")[2]))
        with tempfile.TemporaryDirectory() as folder:
            bodies = (body for _, body in ordered)
            return write_bodies(Path(folder) / "bodies", bodies, len(ordered)).fingerprint

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ", 2)
                fields = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head[1:])
                }
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                if path in ENDPOINTS:
                    self.bodies.append((fields["x-request-id"], body))
                    answer = (CHAT_ANSWER if "chat" in path else TEXT_ANSWER) + END
                    writer.write(framed(200, "text/event-stream", answer))
                else:
                    status, answer = await asyncio.to_thread(asked, method, self.behind + path, body)
                    writer.write(framed(status, "application/json", answer))
                await writer.drain()
        writer.close()


def framed(status: int, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def asked(method: str, url: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of another server's answer; 502 if there is none."""
    request = urllib.request.Request(
        url, body if method == "POST" else None, {"Content-Type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
    except OSError:
        return 502, b"{}"


@contextlib.contextmanager
def recording(behind: str) -> Iterator[Recording]:
    """A recording server in front of `behind`, on a free port, in its own thread."""
    kept = Recording(behind.rstrip("/"))
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(kept.serve, "127.0.0.1", 0, backlog=4096))
    kept.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield kept
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
