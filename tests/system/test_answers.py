"""Whole runs against servers whose answers show less than they seem to: what is measured, and what is said."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.native.servers import HEAD, read_request, serving
from tests.simulators import start_simulator
from tests.system.running import Finished, run_load

DONE = b"data: [DONE]\n\n"
REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nbusy"


def event(text: str = "", usage: dict[str, int] | None = None) -> bytes:
    chunk: dict[str, Any] = {
        "choices": [{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": None}]
    }
    if usage is not None:
        chunk = {"choices": [], "usage": usage}
    elif not text:
        chunk["choices"][0]["finish_reason"] = "stop"
    return b"data: %b\n\n" % json.dumps(chunk).encode()


def answer(*events: bytes) -> bytes:
    body = b"".join([*events, DONE])
    return HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def load(folder: Path, address: tuple[str, int], *args: object) -> Finished:
    host, port = address
    return run_load(
        folder,
        *("--url", f"http://{host}:{port}", "--backend", "openai-chat", "--model", "m", "--concurrency", 1),
        *("--input-len", 4, "--output-len", 8, "--no-server-metrics", "--no-progress", *args),
    )


def test_all_tokens_in_one_event_have_no_tpot(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 8}

    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(answer(event("all of it at once"), event(), event(usage=usage)))

    with serving(handle) as address:
        run = load(
            tmp_path / "out", address, "--num-requests", 3, "--goodput", "tpot:50", "ttft:10000", "--json"
        )
    summary = json.loads(run.out)
    for name in ("tpot_ms", "itl_ms"):
        assert (summary["metrics"][name]["count"], summary["metrics"][name]["mean"]) == (0, None)
        assert summary[f"mean_{name}"] is summary[f"p99_{name}"] is None
    assert summary["metrics"]["ttft_ms"]["count"] == 3
    assert (summary["goodput"]["good"], summary["goodput"]["not_measured"]) == (0, 3)
    assert any("3 of 3 requests had all their tokens at one moment" in n for n in summary["verdict"]["notes"])
    vllm = json.loads((run.folder / "vllm.json").read_text())
    assert vllm["mean_tpot_ms"] == 0.0, "as vLLM's client writes it"


def test_nothing_succeeded_and_so_nothing_was_measured(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(REFUSAL)

    with serving(handle) as address:
        run = load(tmp_path / "out", address, "--num-requests", 3)
    assert run.code == 1
    assert all(value is None for name, value in run.summary.items() if name.endswith("_ms"))
    assert "Mean TTFT (ms):                          -" in run.out
    assert "3 of 3 requests were refused (http_429: 3), which freed their in-flight slots at once" in run.out
    assert "NaN" not in (run.folder / "summary.json").read_text()


def test_usage_that_contradicts_the_stream_and_lengths_that_were_not_met(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 2_000_000_000}

    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(answer(*[event("word ")] * 30, event(), event(usage=usage)))

    with serving(handle) as address:
        run = load(tmp_path / "out", address, "--num-requests", 3)
    assert (run.summary["total_output_tokens"], run.summary["output_tokens_from"]) == (90, "events")
    assert "usage contradicts the stream (2,000,000,000 tokens for 30 events)" in run.out
    assert (
        "100.0 % of the outputs (3 of 3) are longer than requested (median 30 tokens, 8 requested)" in run.out
    )
    page = (run.folder / "report.html").read_text()
    assert "usage contradicts the stream" in page
    assert "are longer than requested" in page


@pytest.mark.xdist_group("timing")
def test_a_server_that_does_not_keep_up_is_named_first(tmp_path: Path) -> None:
    with start_simulator(["--max-num-seqs", "2"]) as simulator:
        run = run_load(
            tmp_path / "out",
            *("--url", simulator.url, "--rate", 200, "--num-requests", 400, "--grace", 1, "--duration", 2),
            *("--input-len", 8, "--output-len", 16, "--no-progress"),
        )
    assert run.summary["verdict"]["reasons"][0].startswith("The server did not keep up: ")
    assert run.summary["keeping_up"]["done_per_s"] < 0.5 * run.summary["keeping_up"]["asked_per_s"]
    ttft = run.summary["server"]["reconcile"]["ttft_ms"]
    assert ttft["difference_ms"] is None or ttft["difference_ms"] > -1
