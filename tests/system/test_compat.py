"""--compat vllm: the definitions and details of vLLM's client, all at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.native.servers import DONE, HEAD, read_request, serving, token
from tests.system.running import run_load

SHORT = (
    "--num-requests",
    8,
    "--concurrency",
    4,
    "--input-len",
    8,
    "--output-len",
    6,
    "--no-progress",
    "--no-server-metrics",
)


def test_the_role_chunk_counts_and_connecting_is_part_of_it(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    run = run_load(
        tmp_path,
        *("--url", quick_simulator.url, "--backend", "openai-chat", "--compat", "vllm"),
        *("--connections", "fresh", "--save-detailed", *SHORT),
    )
    assert run.code == 0, run.err
    rows = Run.load(run.folder).rows
    vllm = json.loads((run.folder / "vllm.json").read_text())
    # The chunk that names the role has no text; six tokens follow it.
    assert set(rows["content_events"]) == {7}
    assert (rows["first_token_ns"] == rows["first_chunk_ns"]).all()
    expected = (rows["first_token_ns"] - rows["began_ns"]) / 1e9
    assert vllm["ttfts"] == pytest.approx(expected.tolist())
    assert vllm["mean_ttft_ms"] == pytest.approx(expected.mean() * 1e3)
    assert vllm["start_times"] == pytest.approx((rows["began_ns"] / 1e9).tolist())
    assert [key for key in vllm if key.endswith("_ttft_ms")] == [
        f"{kind}_ttft_ms" for kind in ("mean", "median", "std", "p99")
    ]
    # The corrected values stand beside, under their own keys.
    sent = (rows["first_token_ns"] - rows["sent_ns"]) / 1e6
    assert run.summary["metrics"]["ttft_ms"]["mean"] == pytest.approx(sent.mean())
    assert (rows["sent_ns"] > rows["began_ns"]).all()


def test_all_are_due_at_once_and_named_as_vllm_names_them(tmp_path: Path) -> None:
    ids: list[str] = []

    def handle(client, number: int) -> None:  # type: ignore[no-untyped-def]
        while request := read_request(client):
            head = request.partition(b"\r\n\r\n")[0].decode()
            ids.append(next(line for line in head.split("\r\n") if line.startswith("X-Request-Id: ")))
            client.sendall(HEAD + token() + DONE)

    with serving(handle) as (host, port):
        run = run_load(tmp_path, "--url", f"http://{host}:{port}", "--model", "m", "--compat", "vllm", *SHORT)
    assert run.code == 0, run.err
    parts = sorted(line.removeprefix("X-Request-Id: ").split("-") for line in ids)
    assert [(kind, int(number)) for kind, _, number in parts] == [("bench", i) for i in range(8)]
    assert len({middle for _, middle, _ in parts}) == 1
    assert np.ptp(Run.load(run.folder).rows["planned_ns"][:4]) == 0
