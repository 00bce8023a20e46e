"""What a run asks of a server that is not quite what was meant: another path, several models, a warm cache."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from aisbench.simulator.process import SimulatorProcess
from tests.native.servers import DONE, HEAD, read_request, serving, token
from tests.simulators import start_simulator
from tests.system.running import run_load

FEW = ("--num-requests", 200, "--concurrency", 2, "--input-len", 64, "--output-len", 2, "--no-progress")


def answer(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


def test_the_model_that_was_taken_of_several_is_said_and_its_first_refusal_ends_the_run(
    tmp_path: Path,
) -> None:
    def handle(client: socket.socket, number: int) -> None:
        if client.recv(3, socket.MSG_PEEK) == b"GET":
            client.recv(65536)
            client.sendall(
                answer(b"200 OK", json.dumps({"data": [{"id": "first"}, {"id": "second"}]}).encode())
            )
            return
        while read_request(client):
            client.sendall(answer(b"400 Bad Request", b'{"error": {"message": "first cannot chat"}}'))

    with serving(handle) as (host, port):
        run = run_load(
            tmp_path,
            "--url",
            f"http://{host}:{port}",
            "--backend",
            "openai-chat",
            "--no-server-metrics",
            *FEW[2:],
            # So many that it is stopped, however late it looks.
            "--num-requests",
            20_000,
        )
    assert run.code == 1
    assert "using model first, one of 2 that the server lists (--model selects another: second)" in run.err
    assert run.summary["outcome"] == "failed"
    assert run.summary["outcome_reason"].startswith("stopped at the first refusal: HTTP 400")
    assert "first cannot chat" in run.summary["outcome_reason"]


def test_several_models_of_which_the_first_answers(tmp_path: Path) -> None:
    with start_simulator(["--model", "a", "--model-alias", "b"]) as simulator:
        run = run_load(tmp_path, "--url", simulator.url, "--no-server-metrics", *FEW[2:], "--num-requests", 4)
    assert (run.code, run.summary["completed"]) == (0, 4), run.err
    assert "using model a, one of 2" in run.err
    assert any(note.startswith("using model a, one of 2") for note in run.summary["notes"])


def test_a_404_names_the_path_that_was_asked(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            if request.startswith(b"POST /api/paas/v4/chat/completions HTTP/1.1\r\n"):
                client.sendall(HEAD + token() + DONE)
            else:
                client.sendall(answer(b"404 Not Found", b'{"error": {"message": "no such path"}}'))

    with serving(handle) as (host, port):
        url = f"http://{host}:{port}/api/paas/v4"
        chat = (
            "--backend",
            "openai-chat",
            "--model",
            "m",
            "--no-server-metrics",
            *FEW[2:],
            "--num-requests",
            3,
        )
        run = run_load(tmp_path / "base", "--url", url, *chat)
        whole = run_load(tmp_path / "whole", "--url", f"{url}/chat/completions", *chat)
    assert run.code == 1
    assert (
        "the server has no POST /api/paas/v4/v1/chat/completions; does it use another path (--endpoint)?"
        in run.out
    )
    assert whole.summary["requests"]["sent"] == 3
    assert "http_404" not in whole.summary["errors"]


def test_the_prefix_cache_is_emptied_behind_the_warm_up(tmp_path: Path) -> None:
    same = ("--seed", 3, "--warmup", 4, *FEW[2:], "--num-requests", 20)
    with start_simulator(["--prefix-cache-tokens", "100000"]) as simulator:
        for name in ("a", "b"):
            run = run_load(tmp_path / name, "--url", simulator.url, "--reset-prefix-cache", *same)
            assert run.code == 0, run.err
            assert run.summary["prefix_cache"]["request_share"] == 0.0
            assert run.summary["prefix_cache"]["reset"] == "the cache was emptied before the run"
        warm = run_load(tmp_path / "c", "--url", simulator.url, *same)
        assert warm.summary["prefix_cache"]["request_share"] == 0.75


def test_a_server_that_cannot_empty_its_cache_is_loaded_all_the_same(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    run = run_load(
        tmp_path, "--url", quick_simulator.url, "--reset-prefix-cache", *FEW[2:], "--num-requests", 4
    )
    assert (run.code, run.summary["completed"]) == (0, 4), run.err
    assert "--reset-prefix-cache: not emptied" in run.err
    assert any("--reset-prefix-cache: not emptied" in note for note in run.summary["notes"])
