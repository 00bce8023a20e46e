"""Which model a server is asked for, and answers of /v1/models that are none."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.engine.target.discovery import Model, discover_model, model_for
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from aisbench.errors import BadInput
from tests.native.servers import serving

PLAIN = Transport.of(RunConfig())


def head_of(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and (more := client.recv(65536)):
        data += more
    return data


def answered(
    body: bytes, status: bytes = b"200 OK", more: bytes = b""
) -> Callable[[socket.socket, int], None]:
    def handle(client: socket.socket, number: int) -> None:
        if head_of(client):
            head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n%b\r\n" % (status, len(body), more)
            client.sendall(head + body)

    return handle


def found(handle: Callable[[socket.socket, int], None], **given: Any) -> Model:
    with serving(handle) as (host, port):
        headers = {"X-Api-Key": "k3y"}
        return discover_model(resolve(f"http://{host}:{port}", PLAIN), PLAIN, headers, **given)


def listing(*entries: Any) -> Callable[[socket.socket, int], None]:
    data = [{"id": entry} if isinstance(entry, str) else entry for entry in entries]
    return answered(json.dumps({"data": data}).encode())


def test_one_model() -> None:
    model = found(listing({"id": "a", "max_model_len": 4096}))
    assert model == Model("a", 4096)
    assert found(listing({"id": "bge-m3"})).name == "bge-m3"


def test_of_several_one_for_the_purpose_is_taken_and_the_others_are_named() -> None:
    names = ("BAAI/bge-m3", "text-embedding-3", "Qwen/Qwen3-8B", "other\x1b[31m")
    model = found(listing(*names))
    assert model.name == "Qwen/Qwen3-8B"
    assert model.choice == (
        "using model Qwen/Qwen3-8B, one of 4 that the server lists (--model selects another: BAAI/bge-m3, "
        "text-embedding-3, other\\x1b[31m)"
    )
    assert found(listing("Qwen/Qwen3-8B", "bge-m3"), generates=False).name == "bge-m3"
    assert found(listing({"id": "a", "type": "embedding"}, "b")).name == "b"
    assert "and 4 more" in found(listing(*map(str, range(13)))).choice


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"data": []}',
        b'{"data": [{"id": 3}]}',
        b'{"data": {"id": "a"}}',
        b'{"data": ' + b"[" * 200_000,
        b'{"data": [{"id": "a", "x": ' + b'{"y":' * 200_000,
    ],
)
def test_what_is_no_list_of_models_is_one_line(body: bytes) -> None:
    with pytest.raises(BadInput, match="lists no model; name one with --model") as problem:
        found(answered(body))
    assert "\n" not in str(problem.value)


def test_a_body_without_an_end_is_not_kept() -> None:
    sent = 0

    def handle(client: socket.socket, number: int) -> None:
        nonlocal sent
        head_of(client)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
        while True:
            sent += client.send(b" " * 65536)

    with pytest.raises(BadInput, match="more than 4 MiB"):
        found(handle)
    assert sent < 32 << 20


def test_no_header_goes_to_another_origin() -> None:
    heads: list[bytes] = []

    def other(client: socket.socket, number: int) -> None:
        heads.append(head_of(client))

    with serving(other) as (host, port):
        elsewhere = b"Location: http://%b:%d/v1/models\r\n" % (host.encode(), port)
        with pytest.raises(BadInput, match=rf"307 and points to http://{host}:{port}/v1/models; give that"):
            found(answered(b"", b"307 Temporary Redirect", elsewhere))
    assert heads == []


def test_a_redirect_within_the_server_is_followed() -> None:
    asked: list[bytes] = []

    def handle(client: socket.socket, number: int) -> None:
        while head := head_of(client):
            asked.append(head.split(b" ")[1])
            if asked[-1] == b"/v1/models":
                client.sendall(b"HTTP/1.1 307 T\r\nLocation: /v1/models/\r\nContent-Length: 0\r\n\r\n")
            else:
                client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"data": [{"id":"a"}]}')

    assert found(handle).name == "a"
    assert asked == [b"/v1/models", b"/v1/models/"]


def test_for_a_model_that_is_named_no_server_is_asked() -> None:
    asked: list[bytes] = []

    def handle(client: socket.socket, number: int) -> None:
        asked.append(head_of(client))

    with serving(handle) as (host, port):
        target = resolve(f"http://{host}:{port}", PLAIN)
        assert model_for(RunConfig(model="m"), target, PLAIN, {}) == Model("m", None)
    assert b"".join(asked) == b""


def test_a_model_that_is_not_named_is_the_one_that_the_backend_can_use() -> None:
    def handle(client: socket.socket, number: int) -> None:
        head_of(client)
        body = json.dumps({"data": [{"id": "my-embed"}, {"id": "chat"}]}).encode()
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with serving(handle) as (host, port):
        target = resolve(f"http://{host}:{port}", PLAIN)
        assert model_for(RunConfig(), target, PLAIN, {}).name == "chat"
        assert model_for(RunConfig(backend="openai-embeddings"), target, PLAIN, {}).name == "my-embed"
