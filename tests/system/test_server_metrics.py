"""The server's own figures, read beside a run."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.native.servers import DONE, HEAD, read_request, serving, token
from tests.simulators import start_simulator
from tests.system.running import run_load

SHORT = ("--num-requests", 60, "--concurrency", 6, "--input-len", 20, "--output-len", 40, "--no-progress")


@pytest.mark.xdist_group("timing")
def test_what_the_server_counted_is_what_we_did(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    quick_simulator.reset()
    run = run_load(tmp_path, "--url", quick_simulator.url, *SHORT)
    assert run.code == 0, run.err
    server = run.summary["server"]
    assert server["counters"]["prompt_tokens"] == run.summary["total_input_tokens"] == 1200
    assert server["counters"]["generation_tokens"] == run.summary["total_output_tokens"] == 2400
    assert server["running"]["peak"] <= 6
    for name in ("ttft_ms", "e2el_ms"):
        found = server["reconcile"][name]
        assert found["server"]["requests"] == found["client"]["requests"] == 60
        # Network and client are on our side alone.
        assert -1 < found["difference_ms"] < 50
    assert quick_simulator.truth()["done"] == 60


@pytest.mark.xdist_group("timing")
def test_a_warm_prefix_cache_is_doubtful_and_a_cold_one_is_not(tmp_path: Path) -> None:
    many = ("--num-requests", 40, "--concurrency", 4, "--input-len", 100, "--output-len", 4, "--no-progress")
    with start_simulator(["--prefix-cache-tokens", "100000", "--decode-base-ms", "2"]) as simulator:

        def share(name: str, *more: object) -> tuple[str, list[str], dict[str, Any]]:
            run = run_load(tmp_path / name, "--url", simulator.url, *many, *more)
            assert run.code == 0, run.err
            verdict = run.summary["verdict"]
            told = [reason for reason in verdict["reasons"] if "prefix cache hits" in reason]
            return verdict["status"], told, run.summary["prefix_cache"]

        _, told, block = share("first", "--seed", 5)
        assert told == []
        assert (block["server_share"], block["request_share"]) == (0.0, 0.0)
        status, told, block = share("again", "--seed", 5)
        assert status != "valid"
        assert len(told) == 1
        assert block["server_share"] == block["request_share"] == block["unexplained_share"] == 0.96
        assert block["requests_counted"] == 40
        # Told by usage alone.
        assert len(share("usage", "--seed", 5, "--no-server-metrics")[1]) == 1
        # A seed of its own, and prompts that share a prefix among themselves.
        assert share("auto")[1] == []
        _, told, block = share("prefix", "--prefix-len", 400)
        assert told == []
        assert block["workload_share"] > 0.7


def test_several_servers_are_added_up(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    run = run_load(tmp_path, "--url", quick_simulator.url, "--url", quick_simulator.url, *SHORT)
    assert run.code == 0, run.err
    assert (run.folder / "records/server.jsonl").stat().st_size > 0


def test_it_can_be_left_alone(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    run = run_load(tmp_path, "--url", quick_simulator.url, "--no-server-metrics", *SHORT)
    assert run.summary["server"] is None
    assert not (run.folder / "records/server.jsonl").exists()


@pytest.mark.parametrize("page", [b"", b"# nothing known\nother 1\n", b"\xff\xfe broken {"])
def test_a_server_without_metrics_is_loaded_all_the_same(tmp_path: Path, page: bytes) -> None:
    def handle(client: socket.socket, number: int) -> None:
        first = client.recv(3, socket.MSG_PEEK)
        if first == b"GET":
            client.recv(65536)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
            client.sendall(head % len(page) + page)
            return
        while read_request(client):
            client.sendall(HEAD + token() + DONE)

    with serving(handle) as (host, port):
        run = run_load(
            tmp_path,
            *("--url", f"http://{host}:{port}", "--model", "m", "--num-requests", 5, "--concurrency", 1),
            *("--input-len", 3, "--output-len", 1, "--no-progress"),
        )
    assert (run.code, run.summary["completed"]) == (0, 5)
    assert run.summary["server"] is None
    assert any("has no metrics that aisbench knows" in note for note in run.summary["notes"])
