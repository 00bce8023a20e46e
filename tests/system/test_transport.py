"""Servers behind TLS, proxies and unix sockets, several servers at once, and whose addresses are used."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.conftest import QUICK
from tests.simulators import start_simulator
from tests.system.forwarding import Door, open_door
from tests.system.running import Finished, run_load

# The look at the metrics page would be a connection more.
COMMON = (
    *("--num-requests", 12, "--concurrency", 3, "--input-len", 8, "--output-len", 6),
    *("--no-progress", "--no-server-metrics"),
)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return path


def behind_tls(simulator: SimulatorProcess, ca: trustme.CA, name: str = "localhost") -> Door:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return Door(address(simulator), tls=context)


def address(simulator: SimulatorProcess) -> tuple[str, int]:
    host, _, port = simulator.url.removeprefix("http://").rpartition(":")
    return host, int(port)


def all_succeeded(run: Finished, count: int = 12) -> None:
    assert run.code == 0, run.err
    assert (run.summary["completed"], run.summary["failed"]) == (count, 0)
    assert run.summary["total_output_tokens"] == count * 6


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with start_simulator(QUICK) as process:
        yield process


def test_tls_is_timed_by_the_kernel_as_well(
    tmp_path: Path, simulator: SimulatorProcess, ca: trustme.CA, ca_file: Path
) -> None:
    with open_door(behind_tls(simulator, ca)) as door:
        run = run_load(tmp_path, "--url", f"https://localhost:{door.port}", "--cacert", ca_file, *COMMON)
    all_succeeded(run)
    # The kernel begins to stamp a moment after it is first asked to, so a short run may miss a few.
    assert run.summary["client"]["stamped_share"] > 0.9
    assert "server's certificate" not in run.out


@pytest.mark.parametrize("insecure", [False, True])
def test_a_certificate_of_nobody_we_trust(
    tmp_path: Path, simulator: SimulatorProcess, ca: trustme.CA, insecure: bool
) -> None:
    with open_door(behind_tls(simulator, ca)) as door:
        url = f"https://localhost:{door.port}"
        run = run_load(
            tmp_path, "--url", url, "--model", "simulated-8b", *COMMON, *(["--insecure"] if insecure else [])
        )
    if insecure:
        all_succeeded(run)
    else:
        assert run.code == 1
        assert run.summary["errors"] == {"connect": 12}
        assert "self-signed certificate" in run.summary["error_samples"][0]["message"] or (
            "unable to get local issuer certificate" in run.summary["error_samples"][0]["message"]
        )


def test_the_name_in_the_certificate_counts(
    tmp_path: Path, simulator: SimulatorProcess, ca: trustme.CA, ca_file: Path
) -> None:
    with open_door(behind_tls(simulator, ca, "other.example")) as door:
        url = f"https://localhost:{door.port}"
        run = run_load(tmp_path, "--url", url, "--model", "simulated-8b", "--cacert", ca_file, *COMMON)
    assert run.code == 1
    assert "ostname mismatch" in run.summary["error_samples"][0]["message"]


def test_a_unix_socket(tmp_path: Path, simulator: SimulatorProcess) -> None:
    with open_door(Door(address(simulator), path=tmp_path / "s")) as door:
        run = run_load(tmp_path / "out", "--uds", door.path, *COMMON)
    all_succeeded(run)
    assert run.summary["clock"] == "user"
    # The reader must not rest where nobody else holds the time.
    assert run.summary["client"]["reader_rest_ms"] == 0


def test_a_proxy_for_plain_http(tmp_path: Path, simulator: SimulatorProcess) -> None:
    door = Door(address(simulator), proxy=True, password="me:secret")
    with open_door(door):
        proxy = f"http://me:secret@127.0.0.1:{door.port}"
        run = run_load(tmp_path, "--url", simulator.url, "--proxy", proxy, *COMMON)
    all_succeeded(run)
    # Three streams, one that asks for the model, and the look at whether anybody is there.
    assert door.connections == 5
    assert f"POST {simulator.url}/v1/completions HTTP/1.1" in door.first_lines


def test_a_proxy_s_tunnel_for_https(
    tmp_path: Path, simulator: SimulatorProcess, ca: trustme.CA, ca_file: Path
) -> None:
    with open_door(behind_tls(simulator, ca)) as server, open_door(Door(("", 0), proxy=True)) as door:
        url = f"https://localhost:{server.port}"
        proxy = f"http://127.0.0.1:{door.port}"
        run = run_load(
            tmp_path, "--url", url, "--proxy", proxy, "--cacert", ca_file, "--model", "simulated-8b", *COMMON
        )
    all_succeeded(run)
    assert set(door.first_lines) == {f"CONNECT localhost:{server.port} HTTP/1.1"}


def test_a_proxy_that_refuses(
    tmp_path: Path, simulator: SimulatorProcess, ca: trustme.CA, ca_file: Path
) -> None:
    with open_door(behind_tls(simulator, ca)) as server:
        door = Door(("", 0), proxy=True, password="me:secret")
        with open_door(door):
            url = f"https://localhost:{server.port}"
            proxy = f"http://127.0.0.1:{door.port}"
            run = run_load(
                tmp_path, "--url", url, "--proxy", proxy, "--cacert", ca_file, "--model", "m", *COMMON
            )
    assert run.code == 1
    assert "the proxy refused the tunnel: 407 " in run.summary["error_samples"][0]["message"]


@pytest.mark.parametrize(("how", "connections"), [("keep-alive", 3), ("fresh", 12)])
def test_connections(tmp_path: Path, simulator: SimulatorProcess, how: str, connections: int) -> None:
    with open_door(Door(address(simulator))) as door:
        run = run_load(
            tmp_path,
            *("--url", f"http://127.0.0.1:{door.port}", "--model", "simulated-8b", "--connections", how),
            *COMMON,
        )
    all_succeeded(run)
    # One more is the look at whether anybody is there.
    assert door.connections == connections + 1


def test_local_addresses_are_used_in_turn(tmp_path: Path, simulator: SimulatorProcess) -> None:
    with open_door(Door(address(simulator))) as door:
        run = run_load(
            tmp_path,
            *("--url", f"http://127.0.0.1:{door.port}", "--model", "simulated-8b"),
            *("--local-address", "127.0.0.2", "127.0.0.3", "--connections", "fresh"),
            *COMMON,
        )
    all_succeeded(run)
    assert (door.peers.count("127.0.0.2"), door.peers.count("127.0.0.3")) == (6, 6)


@pytest.mark.parametrize("policy", ["round-robin", "least", "sticky"])
def test_several_servers(tmp_path: Path, simulator: SimulatorProcess, policy: str) -> None:
    with start_simulator(QUICK) as other:
        run = run_load(tmp_path, "--url", simulator.url, "--url", other.url, "--url-policy", policy, *COMMON)
    all_succeeded(run)
    endpoints = Run.load(run.folder).rows["endpoint"]
    assert len(endpoints) == 12
    if policy == "least":
        assert 2 <= endpoints.sum() <= 10
    else:
        assert endpoints.tolist().count(0) == endpoints.tolist().count(1) == 6
