"""The simulator behind TLS and on a Unix socket."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.simulator.process import start_simulator
from tests.backends.reading import read_stream
from tests.simulator.client import COMPLETIONS, ask, raw_request, read_all, read_until
from tests.tls import CERTIFICATE, KEY

PAIR = (str(CERTIFICATE), str(KEY))
QUICK = ["--decode-base-ms", "1"]
STREAM = {"prompt": "a b c", "max_tokens": 40, "stream": True, "stream_options": {"include_usage": True}}
LAST = b"\r\n0\r\n\r\n"


def test_https() -> None:
    with start_simulator(QUICK, tls=PAIR) as simulator:
        assert simulator.url == f"https://127.0.0.1:{simulator.port}"
        got = read_stream(backend_named("vllm").rules, ask(simulator, COMPLETIONS, STREAM).stream)
        assert (got.tokens, got.prompt_tokens, got.output_tokens) == (40, 3, 40)
        trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
        plain = socket.create_connection(("127.0.0.1", simulator.port), timeout=30)
        with trusting.wrap_socket(plain, server_hostname="localhost") as client:
            for _ in range(2):
                client.sendall(raw_request(COMPLETIONS, STREAM))
                read_until(client, LAST)
        assert simulator.truth()["done"] == 3


def test_who_does_not_encrypt_is_not_answered() -> None:
    with (
        start_simulator(QUICK, tls=PAIR) as simulator,
        socket.create_connection(("127.0.0.1", simulator.port), timeout=30) as client,
    ):
        client.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"200" not in read_all(client)


def test_faults_strike_behind_tls() -> None:
    with start_simulator([*QUICK, "--fault", "cut:1"], tls=PAIR) as simulator:
        plain = socket.create_connection(("127.0.0.1", simulator.port), timeout=30)
        with ssl._create_unverified_context().wrap_socket(plain) as client:
            client.sendall(raw_request(COMPLETIONS, STREAM))
            stream = read_all(client)
        assert stream.count(b"data: ") == 21
        assert not stream.endswith(b"\r\n")


@pytest.mark.parametrize("tls", [None, PAIR])
def test_a_unix_socket(tmp_path: Path, tls: tuple[str, str] | None) -> None:
    path = tmp_path / "simulator.sock"
    # One that a process which is gone has left behind is taken over.
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(path))
    with start_simulator(QUICK, uds=str(path), tls=tls) as simulator:
        assert simulator.url == ("http" if tls is None else "https") + "://localhost"
        assert simulator.port == 0
        got = read_stream(backend_named("vllm").rules, ask(simulator, COMPLETIONS, STREAM).stream)
        assert got.tokens == 40
        assert simulator.truth()["tokens"] == 40
        with pytest.raises(BadInput, match="cannot be opened"), start_simulator(QUICK, uds=str(path)):
            pass
        assert simulator.truth()["tokens"] == 40, "the first one still listens"
    assert not path.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")
    with pytest.raises(BadInput, match=r"--uds .* cannot be opened"), start_simulator(QUICK, uds=str(path)):
        pass
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--tls-cert", str(CERTIFICATE)], "--tls-cert and --tls-key must be given together"),
        (["--tls-key", str(KEY)], "must be given together"),
        (["--tls-cert", "/no/such", "--tls-key", str(KEY)], "--tls-cert /no/such .*No such file"),
        (["--tls-cert", str(KEY), "--tls-key", str(KEY)], "cannot be used"),
        (["--uds", "/no/such/folder/s.sock"], "--uds /no/such/folder/s.sock cannot be opened"),
        (["--uds", "/tmp/" + "x" * 200], "--uds"),
        (["--model-alias", ""], "--model-alias is empty"),
        (["--model-alias", "simulated-8b"], "names a model twice"),
        (["--embedding-size", "0"], "--embedding-size must be .* got 0"),
    ],
)
def test_what_cannot_be_used_is_named(flags: list[str], said: str) -> None:
    with pytest.raises(BadInput, match=said), start_simulator(flags):
        pass
