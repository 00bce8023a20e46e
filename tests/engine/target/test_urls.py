"""URLs taken apart, addresses packed, names looked up."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target, packed_address, resolve
from aisbench.errors import BadInput, CannotRun

PLAIN = Transport.of(RunConfig())


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
        target = resolve(f"http://127.0.0.1:{port}{base}", PLAIN)
        assert target.path("/v1/completions") == wanted
        assert target.host_header == f"127.0.0.1:{port}"
        assert resolve(f"127.0.0.1:{port}", PLAIN).base_url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("given", "endpoint", "wanted", "root"),
    [
        ("/gw/7/v1/chat/completions", "/v1/chat/completions", "/gw/7/v1/chat/completions", "/gw/7"),
        ("/v1/completions/", "/v1/completions", "/v1/completions", ""),
        (
            "/api/paas/v4/chat/completions",
            "/v1/chat/completions",
            "/api/paas/v4/chat/completions",
            "/api/paas/v4",
        ),
        ("/v1/embeddings", "/v1/embeddings", "/v1/embeddings", ""),
        ("/generate_stream", "/generate_stream", "/generate_stream", ""),
        ("/infer", "/infer", "/infer", "/infer"),
        ("/infer", "/v1/completions", "/infer/v1/completions", "/infer"),
    ],
)
def test_a_url_that_is_a_whole_endpoint(given: str, endpoint: str, wanted: str, root: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        target = resolve(f"{url}{given}", PLAIN)
        assert target.path(endpoint) == wanted
        assert target.root_url == f"{url}{root}"


def test_a_whole_endpoint_of_another_api() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with pytest.raises(BadInput, match=f"--url ends in /completions, .* give --url {url},"):
            resolve(f"{url}/completions", PLAIN).path("/v1/chat/completions")


def test_a_query_is_split_off_in_words() -> None:
    given = "https://h:1/openai/deployments/d1/chat/completions?api-version=2024-10-21"
    with pytest.raises(BadInput) as problem:
        resolve(given, PLAIN)
    assert str(problem.value).endswith(
        "split it: --url https://h:1 --endpoint '/openai/deployments/d1/chat/completions?api-version=2024-10-21'"
    )


def test_other_endpoints_stand_behind_the_root_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = resolve(f"http://127.0.0.1:{listener.getsockname()[1]}/a/v1", PLAIN)
        assert target.path("/v1/chat/completions") == "/a/v1/chat/completions"
        assert target.root_url.endswith("/a")


def test_https_has_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aisbench.engine.target.urls.reachable", lambda *_: b"")
    target = resolve("https://localhost", PLAIN)
    assert (target.is_tls, target.port, target.host_header) == (True, 443, "localhost")


def test_addresses_are_packed_as_the_kernel_takes_them() -> None:
    four = packed_address("127.0.0.1", 8000)
    assert four == struct.pack("=H", socket.AF_INET) + b"\x1f\x40\x7f\x00\x00\x01" + bytes(8)
    six = packed_address("::1", 8000)
    assert len(six) == 28
    assert six[:4] == struct.pack("=H", socket.AF_INET6) + b"\x1f\x40"
    assert six[8:24] == socket.inet_pton(socket.AF_INET6, "::1")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://localhost",
        "http://",
        "http://a b",
        "http://localhost/?x=1",
        "http://[::1",
        "http://u:p@localhost",
    ],
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(BadInput, match="--url"):
        resolve(url, PLAIN)


def test_a_socket_nobody_listens_on(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"--uds .*no\.sock: cannot connect"):
        resolve("http://localhost", Transport.of(RunConfig(uds=str(tmp_path / "no.sock"))))


def test_local_addresses_are_of_the_server_s_ip_version() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(
            BadInput, match=r"--local-address ::1 and the address of .* are of different IP versions"
        ):
            resolve(url, Transport.of(RunConfig(local_address=("::1",))))


def test_whether_a_server_is_on_this_host() -> None:
    for address, here in (
        ("127.0.0.1", True),
        ("127.5.6.7", True),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
    ):
        target = Target("", "http", address, 80, "", packed_address(address, 80))
        assert target.is_here is here
    unix = struct.pack("=H", socket.AF_UNIX) + b"/run/server\0"
    assert Target("", "http", "", 80, "", unix).is_here
