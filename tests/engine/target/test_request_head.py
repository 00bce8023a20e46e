"""The head of requests, and the headers in it."""

from __future__ import annotations

import pytest

from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.engine.target.request_head import parse_headers, request_head, tunnel_head
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target
from aisbench.errors import BadInput

HTTP = Target("http://h:80", "http", "h", 80, "", b"")
HTTPS = Target("https://h:8443", "https", "h", 8443, "", b"")


def head(target: Target, headers: dict[str, str], **options: object) -> bytes:
    transport = Transport.of(RunConfig(**options))  # type: ignore[arg-type]
    return request_head(target, "/p", headers, transport, "X-Request-Id", "run-", accepts="text/event-stream")


def test_headers_are_sent_once_each_and_the_given_ones_count() -> None:
    headers = parse_headers(("X-A: 1", "x-a=2", "authorization: Basic x"), "key")
    assert headers == {"x-a": "2", "authorization": "Basic x"}
    made = head(HTTP, headers)
    assert made.startswith(b"POST /p HTTP/1.1\r\nHost: h\r\n")
    assert b"\r\nx-a: 2\r\nauthorization: Basic x\r\n" in made
    assert made.endswith(b"\r\nX-Request-Id: run-")


def test_a_proxy_is_told_the_whole_url_and_who_asks() -> None:
    made = head(HTTP, {}, proxy="http://me:a%20b@127.0.0.1:3128")
    assert made.startswith(b"POST http://h:80/p HTTP/1.1\r\nHost: h\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6YSBi\r\n" in made


def test_an_https_server_is_reached_through_a_tunnel() -> None:
    transport = Transport.of(RunConfig(proxy="http://me:x@127.0.0.1:3128"))
    tunnel = tunnel_head(HTTPS, transport)
    assert tunnel.startswith(b"CONNECT h:8443 HTTP/1.1\r\nHost: h:8443\r\n")
    assert b"Proxy-Authorization: Basic bWU6eA==\r\n" in tunnel
    assert tunnel.endswith(b"\r\n\r\n")
    # The server itself is not shown the key of the proxy.
    made = head(HTTPS, {}, proxy="http://me:x@127.0.0.1:3128")
    assert made.startswith(b"POST /p HTTP/1.1\r\nHost: h:8443\r\n")
    assert b"Proxy" not in made
    assert tunnel_head(HTTP, transport) == b""


@pytest.mark.parametrize("key", ["sk-0000", "sk-0000\r", "sk-0000\n", " sk-0000\r\n"])
def test_a_key_goes_without_the_line_end_of_its_file(key: str) -> None:
    assert parse_headers((), key) == {"Authorization": "Bearer sk-0000"}


@pytest.mark.parametrize("key", ["sk\r\nX: 0000", "sk-0000\u20ac", "sk-0000\x7f", "sk-0000\x85x"])
def test_a_key_that_no_header_carries_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(BadInput, match="AISBENCH_API_KEY") as refused:
        parse_headers((), key)
    assert "0000" not in str(refused.value)


def test_fresh_connections_are_announced() -> None:
    assert b"\r\nConnection: close\r\n" in head(HTTP, {}, connections="fresh")
    assert b"Connection" not in head(HTTP, {})


@pytest.mark.parametrize(
    "text", ["", "novalue", ": x", "a b: c", "X: a\r\nY: b", "Host: x", "Content-Length: 3"]
)
def test_headers_that_cannot_be_sent(text: str) -> None:
    with pytest.raises(BadInput, match="--header"):
        parse_headers((text,), None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"proxy": "ftp://h:1"}, "--proxy ftp://h:1 is not an HTTP proxy"),
        ({"proxy": "http://h:x"}, "--proxy http://h:x: "),
        ({"uds": "/s", "proxy": "http://h:1"}, "--uds and --proxy exclude"),
        ({"local_address": ("300.1.1.1",)}, "--local-address '300.1.1.1' is not an IP address"),
        ({"local_address": ("192.0.2.1",)}, "--local-address 192.0.2.1 cannot be used"),
        ({"cacert": "/no/such.pem"}, "--cacert /no/such.pem does not exist"),
        ({"cacert": __file__}, "holds no certificate"),
        ({"cacert": __file__, "insecure": True}, "contradict"),
    ],
)
def test_transports_that_cannot_work(options: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        Transport.of(RunConfig(**options))  # type: ignore[arg-type]
    assert said in str(refused.value)


def test_an_api_may_want_other_headers() -> None:
    messages = backend_named("anthropic-messages")
    headers = parse_headers((), "key", messages)
    assert headers == {"x-api-key": "key", "anthropic-version": "2023-06-01"}
    given = ("Anthropic-Version: 2024-01-01", "Authorization: Bearer other")
    assert parse_headers(given, None, messages) == {
        "Anthropic-Version": "2024-01-01",
        "Authorization": "Bearer other",
    }
