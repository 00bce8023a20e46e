from __future__ import annotations

import socket
import struct

import pytest

from aisbench.engine.target import Target, parse_headers, request_head, resolve
from aisbench.errors import BadInput


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        ("", "/v1/completions"),
        ("/", "/v1/completions"),
        ("/v1", "/v1/completions"),
        ("/proxy/a", "/proxy/a/v1/completions"),
    ],
)
def test_the_path_behind_a_base_url(base: str, wanted: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        target = resolve(f"http://127.0.0.1:{port}{base}", "/v1/completions")
        assert target.path == wanted
        assert target.host_header == f"127.0.0.1:{port}"
        assert resolve(f"127.0.0.1:{port}", "/v1/completions").base_url == f"http://127.0.0.1:{port}"


def test_addresses_are_packed_as_the_kernel_takes_them() -> None:
    four = Target("", "h", 8000, "/", "127.0.0.1").sockaddr()
    assert four == struct.pack("=H", socket.AF_INET) + b"\x1f\x40\x7f\x00\x00\x01" + bytes(8)
    six = Target("", "h", 8000, "/", "::1").sockaddr()
    assert len(six) == 28
    assert six[:4] == struct.pack("=H", socket.AF_INET6) + b"\x1f\x40"
    assert six[8:24] == socket.inet_pton(socket.AF_INET6, "::1")


def test_headers_are_sent_once_each_and_the_given_ones_count() -> None:
    headers = parse_headers(("X-A: 1", "x-a=2", "authorization: Basic x"), "key")
    assert headers == {"x-a": "2", "authorization": "Basic x"}
    head = request_head(Target("", "h", 80, "/p", "127.0.0.1"), headers, "run")
    assert head.startswith(b"POST /p HTTP/1.1\r\nHost: h\r\n")
    assert head.endswith(b"\r\nX-Request-Id: run-")


@pytest.mark.parametrize(
    "text", ["", "novalue", ": x", "a b: c", "X: a\r\nY: b", "Host: x", "Content-Length: 3"]
)
def test_headers_that_cannot_be_sent(text: str) -> None:
    with pytest.raises(BadInput, match="--header"):
        parse_headers((text,), None)


@pytest.mark.parametrize(
    "url", ["https://localhost", "http://", "http://a b", "http://localhost/?x=1", "http://[::1"]
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(BadInput, match="--url"):
        resolve(url, "/v1/completions")
