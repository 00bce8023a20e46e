"""Reading metrics pages: which server is sent what."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

from aisbench.config.run_config import RunConfig
from aisbench.engine.samplers.server_metrics import Page, Scraper
from aisbench.engine.target.transport import Transport
from tests.native.servers import serving

PLAIN = Transport.of(RunConfig())


def test_a_redirect_takes_no_header_to_another_origin(tmp_path: Path) -> None:
    reached = threading.Event()

    def other(client: socket.socket, number: int) -> None:
        reached.set()

    def first(client: socket.socket, number: int) -> None:
        client.recv(65536)
        head = "HTTP/1.1 302 Found\r\nLocation: http://%s:%d/metrics\r\nContent-Length: 0\r\n\r\n"
        client.sendall((head % elsewhere).encode())

    with serving(other) as elsewhere, serving(first) as (host, port):
        page = Page(f"http://{host}:{port}/metrics", {"X-Api-Key": "k3y"})
        scraper = Scraper([page], PLAIN, tmp_path / "server.jsonl")
        scraper.begin()
        scraper.end()
    assert not reached.is_set()
    assert len(scraper.notes) == 1


def test_a_page_with_odd_characters_in_a_label(tmp_path: Path) -> None:
    body = (
        'vllm:num_requests_running{model_name="a\u2028b\x0cc"} 3.0\nvllm:prompt_tokens_total +Inf\n'.encode()
    )

    def handle(client: socket.socket, number: int) -> None:
        while client.recv(65536):
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
            client.sendall(head % len(body) + body)

    with serving(handle) as (host, port):
        page = Page(f"http://{host}:{port}/metrics", {})
        scraper = Scraper([page], PLAIN, tmp_path / "server.jsonl")
        scraper.begin()
        scraper.end()
    lines = [json.loads(line) for line in (tmp_path / "server.jsonl").read_bytes().splitlines()]
    assert {json.dumps(line["values"]) for line in lines} == {'{"running": 3.0, "prompt_tokens": null}'}
