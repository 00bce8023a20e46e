"""Emptying the prefix caches of servers that each have another endpoint for it."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.engine.target.prefix_cache_reset import EMPTIED, reset_prefix_caches
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from tests.native.servers import serving

PLAIN = Transport.of(RunConfig())


def server(answers: dict[str, tuple[int, bytes]], asked: list[str]) -> Callable[[socket.socket, int], None]:
    """Answers `METHOD path`, 404 where there is none."""

    def handle(client: socket.socket, number: int) -> None:
        while True:
            data = b""
            while b"\r\n\r\n" not in data:
                more = client.recv(65536)
                if not more:
                    return
                data += more
            asked.append(" ".join(data.decode().split(" ")[:2]))
            status, body = answers.get(asked[-1], (404, b"no"))
            client.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    return handle


def reset(answers: dict[str, tuple[int, bytes]], base: str = "") -> tuple[str, list[str]]:
    asked: list[str] = []
    with serving(server(answers, asked)) as (host, port):
        return reset_prefix_caches([resolve(f"http://{host}:{port}{base}", PLAIN)], PLAIN, {}), asked


@pytest.mark.parametrize(
    ("answers", "last"),
    [
        ({"POST /reset_prefix_cache": (200, b"")}, "POST /reset_prefix_cache"),
        ({"POST /reset_prefix_cache": (200, b'{"success": true}')}, "POST /reset_prefix_cache"),
        ({"POST /flush_cache": (200, b"Cache flushed.")}, "POST /flush_cache"),
        (
            {
                "GET /slots": (200, b'[{"id": 0}, {"id": 1}]'),
                "POST /slots/0?action=erase": (200, b"{}"),
                "POST /slots/1?action=erase": (200, b"{}"),
            },
            "POST /slots/1?action=erase",
        ),
    ],
)
def test_each_server_by_its_own_endpoint(answers: dict[str, tuple[int, bytes]], last: str) -> None:
    found, asked = reset(answers)
    assert found == EMPTIED
    assert asked[-1] == last


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"POST /reset_prefix_cache": (200, b'{"success": false}')}, "answered 200"),
        ({"POST /reset_prefix_cache": (403, b"for \x1badmins")}, r"answered 403: for \x1badmins"),
        ({"POST /flush_cache": (400, b"requests are\nrunning")}, "answered 400: requests are running"),
        (
            {"GET /slots": (200, b'[{"id": 0}]'), "POST /slots/0?action=erase": (501, b"start with --slots")},
            "answered 501: start with --slots",
        ),
        ({}, "VLLM_SERVER_DEV_MODE=1"),
        ({"GET /slots": (200, b"[" * 100_000)}, "has no endpoint for it"),
    ],
)
def test_a_refusal_is_one_line_in_the_server_s_words(
    answers: dict[str, tuple[int, bytes]], words: str
) -> None:
    found, _ = reset(answers)
    assert found.startswith("not emptied: http://")
    assert words in found
    assert "\n" not in found


def test_it_stands_beside_v1_and_only_there() -> None:
    found, asked = reset({"POST /gw/reset_prefix_cache": (200, b"")}, "/gw/v1")
    assert (found, asked) == (EMPTIED, ["POST /gw/reset_prefix_cache"])


def test_a_server_that_has_gone() -> None:
    with serving(lambda client, number: client.close()) as (host, port):
        found = reset_prefix_caches([resolve(f"http://{host}:{port}", PLAIN)], PLAIN, {})
    assert found.startswith(f"not emptied: http://{host}:{port} did not answer")
