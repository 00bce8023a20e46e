"""Small answers: their bounds in time and size, kept connections, and the ways to a server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.engine.target.fetching import Client, NoAnswer, TooLarge
from aisbench.engine.target.transport import Transport
from tests.native.servers import serving

PLAIN = Transport.of(RunConfig())
Handle = Callable[[socket.socket, int], None]


def head_of(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and (more := client.recv(65536)):
        data += more
    return data


def sending(*parts: bytes) -> Handle:
    """Sends these bytes after the head of a request, and closes the connection."""

    def handle(client: socket.socket, number: int) -> None:
        if head_of(client):
            client.sendall(b"".join(parts))
            client.shutdown(socket.SHUT_WR)

    return handle


def fetched(handle: Handle, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    with serving(handle) as (host, port), Client(PLAIN, headers or {}, 10.0) as client:
        answer = client.fetch("GET", f"http://{host}:{port}/page?a=b", most=1000)
    return answer.status, answer.body


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_trickles_in_ends_in_time(begin: bytes) -> None:
    """A byte now and then keeps a socket's own timeout from ever passing."""
    over = threading.Event()

    def handle(client: socket.socket, number: int) -> None:
        head_of(client)
        client.sendall(begin)
        while not over.wait(0.01):
            client.sendall(b"x")

    with serving(handle) as (host, port), Client(PLAIN, {}, 0.2) as client:
        with pytest.raises(NoAnswer, match=r"^no answer within 0.2 s$"):
            client.fetch("GET", f"http://{host}:{port}/", most=1 << 20)
        over.set()


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",), "the answer ended early"),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nabc"),
            "the answer ended early",
        ),
        ((b"SSH-2.0-OpenSSH_9.6\r\n",), r"the answer is not HTTP \(SSH-2.0-OpenSSH_9.6\)"),
        ((b"\x15\x03\x01\n",), "the answer is not HTTP"),
        ((), "closed connection without response"),
    ],
)
def test_what_is_no_answer_is_one_clause(parts: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(NoAnswer, match=reason) as problem:
        fetched(sending(*parts))
    assert str(problem.value).isprintable()


@pytest.mark.parametrize(
    "parts",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello",),
    ],
)
def test_a_body_however_it_ends(parts: tuple[bytes, ...]) -> None:
    assert fetched(sending(*parts)) == (200, b"hello")


def test_a_larger_body_is_refused() -> None:
    with pytest.raises(TooLarge):
        fetched(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", b"x" * 1001))


def test_a_connection_is_kept_and_replaced_once_the_server_has_closed_it() -> None:
    connections: list[int] = []

    def handle(client: socket.socket, number: int) -> None:
        connections.append(number)
        for _ in range(2):
            if not head_of(client):
                return
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with serving(handle) as (host, port), Client(PLAIN, {}, 10.0) as client:
        for answered in range(4):
            assert client.fetch("GET", f"http://{host}:{port}/", most=10).body == b"ok"
            assert len(connections) == 1 + answered // 2


def test_the_head_has_the_run_s_headers_and_each_once() -> None:
    heads: list[bytes] = []

    def handle(client: socket.socket, number: int) -> None:
        heads.append(head_of(client))
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    fetched(handle, {"user-agent": "mine", "host": "a.example"})
    lines = heads[0].decode().lower().split("\r\n")
    assert lines[0] == "get /page?a=b http/1.1"
    assert [line for line in lines if line.startswith(("user-agent", "host"))] == [
        "user-agent: mine",
        "host: a.example",
    ]


def test_a_proxy_gets_the_whole_url_and_the_login() -> None:
    heads: list[bytes] = []

    def proxy(client: socket.socket, number: int) -> None:
        heads.append(head_of(client))
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serving(proxy) as (host, port):
        transport = Transport.of(RunConfig(proxy=f"http://user:secret@{host}:{port}"))
        with Client(transport, {}, 10.0) as client:
            client.fetch("GET", "http://server.invalid:81/x", most=10)
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "GET http://server.invalid:81/x HTTP/1.1"
    assert "Host: server.invalid:81" in lines
    assert "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=" in lines


def test_a_proxy_that_refuses_a_tunnel() -> None:
    with serving(sending(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as (host, port):
        transport = Transport.of(RunConfig(proxy=f"http://{host}:{port}"))
        with Client(transport, {}, 10.0) as client, pytest.raises(NoAnswer, match="403 Forbidden"):
            client.fetch("GET", "https://server.invalid/x", most=10)


def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            with listener.accept()[0] as client:
                sending(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(client, 0)

        thread = threading.Thread(target=serve)
        thread.start()
        with Client(Transport.of(RunConfig(uds=str(path))), {}, 10.0) as client:
            assert client.fetch("GET", "http://localhost/", most=10).body == b"ok"
        thread.join()
