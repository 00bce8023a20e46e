"""The main job from the command line to the run folder, held against what the server saw."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import pytest
import yaml

from aisbench._native.memory.recorder import ROW_FIELDS
from aisbench.analysis.blocks.vllm.arrays import REQUEST_ARRAYS
from aisbench.simulator.process import SimulatorProcess
from tests.native.servers import DONE, HEAD, read_request, serving, token
from tests.system.running import run_load

SHORT = ("--input-len", 20, "--output-len", 12)


def rows_of(folder: Path) -> np.ndarray:
    parts = [
        np.fromfile(path, np.dtype(ROW_FIELDS), offset=4096) for path in folder.glob("records/rows-*.bin")
    ]
    return np.concatenate(parts)


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("backend", ["openai", "openai-chat"])
def test_closed_loop_agrees_with_the_server(
    backend: str, tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    quick_simulator.reset()
    done = run_load(
        tmp_path,
        "--url",
        quick_simulator.url,
        "--backend",
        backend,
        "--concurrency",
        16,
        "--num-requests",
        80,
        *SHORT,
    )
    assert done.code == 0, done.err
    truth, summary = quick_simulator.truth(), done.summary
    assert (truth["requests"], truth["done"]) == (80, 80)
    assert (summary["completed"], summary["failed"], summary["errors"]) == (80, 0, {})
    assert summary["total_output_tokens"] == truth["tokens"] == 80 * 12
    assert summary["total_input_tokens"] == truth["prompt_tokens"] == 80 * 20
    assert truth["peak_concurrency"] == summary["in_flight"]["peak"] == 16
    assert summary["clock"] == "kernel"
    rows = rows_of(done.folder)
    assert sorted(rows["slot"]) == list(range(80))
    # The server's truth begins when it reads and ends when it has written: ours can only be longer.
    assert summary["mean_ttft_ms"] >= truth["ttft"]["mean_ms"] - 1.0
    assert (rows["content_events"] == 12).all()
    for name in (
        "sent_ns",
        "send_returned_ns",
        "first_token_low_ns",
        "first_token_ns",
        "last_token_ns",
        "done_ns",
    ):
        assert (rows[name] > 0).all(), name
    assert (rows["sent_ns"] <= rows["send_returned_ns"]).all()
    assert (rows["first_token_low_ns"] <= rows["first_token_ns"]).all()
    assert (rows["first_token_ns"] <= rows["first_token_seen_ns"]).all()


def test_the_run_folder_is_complete(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    done = run_load(tmp_path, "--url", quick_simulator.url, "--rate", 200, "--num-requests", 40, *SHORT)
    assert done.code == 0, done.err
    names = {path.name for path in done.folder.iterdir()}
    assert names == {
        "config.yaml",
        "summary.json",
        "summary.csv",
        "requests.jsonl",
        "vllm.json",
        "report.html",
        "records",
        "logs",
    }
    assert len((done.folder / "requests.jsonl").read_text().splitlines()) == 40
    assert "Serving Benchmark Result" in done.out
    assert "Verdict:" in done.out
    assert str(done.folder / "report.html") in done.out
    vllm = json.loads((done.folder / "vllm.json").read_text())
    shared = vllm.keys() - REQUEST_ARRAYS
    assert {key: done.summary[key] for key in shared} == {key: vllm[key] for key in shared}
    assert list((done.folder / "records").glob("spec-*")) == []


@pytest.mark.xdist_group("timing")
def test_open_loop_keeps_its_plan(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    done = run_load(
        tmp_path, "--url", quick_simulator.url, "--rate", 100, "--num-requests", 100, "--workers", 2, *SHORT
    )
    assert done.code == 0, done.err
    rows = rows_of(done.folder)
    assert len(set(rows["slot"])) == 100
    assert (rows["sent_ns"] >= rows["planned_ns"]).all(), "a request left before its time"
    start = json.loads((done.folder / "records" / "run.json").read_text())["start_ns"]
    assert rows["planned_ns"].max() - start == pytest.approx(1e9, rel=1e-6)
    assert done.summary["from_plan"]["ttft_ms"]["mean"] >= done.summary["metrics"]["ttft_ms"]["mean"]


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("workers", [2, 4])
def test_in_flight_never_exceeds_the_limit_however_many_workers(
    workers: int, tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    quick_simulator.reset()
    done = run_load(
        tmp_path,
        "--url",
        quick_simulator.url,
        "--concurrency",
        13,
        "--num-requests",
        150,
        "--workers",
        workers,
        *SHORT,
    )
    assert done.code == 0, done.err
    assert quick_simulator.truth()["peak_concurrency"] == 13
    assert done.summary["in_flight"]["peak"] == 13
    by_worker = [
        len(np.fromfile(p, np.dtype(ROW_FIELDS), offset=4096)) for p in done.folder.glob("records/rows-*.bin")
    ]
    assert len(by_worker) == workers
    assert all(by_worker), "a worker had no part in the run"


def test_a_run_is_repeated_from_its_config(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    first = run_load(
        tmp_path / "a", "--url", quick_simulator.url, "--rate", 300, "--num-requests", 30, "--seed", 5,
        "--range-ratio", '{"input": 0.5, "output": 0}', "--goodput", "ttft:1000", "e2el:5000", *SHORT,
    )  # fmt: skip
    assert first.code == 0, first.err
    again = run_load(tmp_path / "b", "--config", first.folder / "config.yaml")
    other = run_load(tmp_path / "c", "--config", first.folder / "config.yaml", "--seed", 6)
    assert again.code == other.code == 0, again.err + other.err
    assert again.summary["fingerprint"] == first.summary["fingerprint"]
    assert other.summary["fingerprint"]["bodies"] != first.summary["fingerprint"]["bodies"]
    assert other.summary["fingerprint"]["arrivals"] != first.summary["fingerprint"]["arrivals"]
    assert again.summary["request_goodput"] > 0
    kept = yaml.safe_load((first.folder / "config.yaml").read_text())
    assert kept["goodput"] == {"ttft": 1000.0, "e2el": 5000.0}


def test_the_built_in_simulator_is_the_default_target(tmp_path: Path) -> None:
    done = run_load(tmp_path, "--rate", 100, "--num-requests", 20, *SHORT)
    assert done.code == 0, done.err
    assert "simulator" in done.err
    assert done.summary["completed"] == 20


def test_json_puts_the_summary_alone_on_stdout(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    done = run_load(tmp_path, "--url", quick_simulator.url, "--num-requests", 5, "--json", *SHORT)
    assert done.code == 0, done.err
    assert json.loads(done.out) == done.summary


@pytest.mark.xdist_group("timing")
def test_duration_bounds_the_sending(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    done = run_load(tmp_path, "--url", quick_simulator.url, "--concurrency", 4, "--duration", 1, *SHORT)
    assert done.code == 0, done.err
    rows = rows_of(done.folder)
    start = json.loads((done.folder / "records" / "run.json").read_text())["start_ns"]
    assert len(rows) > 8
    assert rows["sent_ns"].max() < start + 1.05e9
    assert (rows["status"] == 1).all(), "requests in flight at the end are let finish"


def test_warm_up_requests_are_left_out_of_the_run(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    quick_simulator.reset()
    done = run_load(
        tmp_path,
        "--url",
        quick_simulator.url,
        "--warmup",
        7,
        "--num-requests",
        10,
        "--concurrency",
        3,
        *SHORT,
    )
    assert done.code == 0, done.err
    assert quick_simulator.truth()["requests"] == 17
    assert done.summary["completed"] == 10
    assert len(rows_of(done.folder)) == 10


def test_a_drawn_seed_is_said_and_repeated_by_config_yaml(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    few = ("--url", quick_simulator.url, "--num-requests", 4, "--concurrency", 2, "--no-progress", *SHORT)
    one, other = run_load(tmp_path / "a", *few), run_load(tmp_path / "b", *few)
    again = run_load(tmp_path / "c", "--config", one.folder / "config.yaml")
    prints = [done.summary["fingerprint"] for done in (one, other, again)]
    assert prints[0]["bodies"] == prints[2]["bodies"] != prints[1]["bodies"]
    assert prints[0]["arrivals"] == prints[2]["arrivals"]
    seed = yaml.safe_load((one.folder / "config.yaml").read_text())["seed"]
    assert f"seed {seed} was drawn; --seed {seed} repeats these prompts" in one.err
    assert "was drawn" not in again.out + again.err
    # vllm bench serve's own seed, so that both send the same.
    assert run_load(tmp_path / "d", *few, "--compat", "vllm").summary["config"]["seed"] == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_warm_up_requests_are_none_of_the_run_s(tmp_path: Path, workers: int) -> None:
    bodies: list[bytes] = []

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            bodies.append(request.partition(b"\r\n\r\n")[2])
            client.sendall(HEAD + token() + DONE)

    with serving(handle) as (host, port):
        done = run_load(
            tmp_path,
            *("--url", f"http://{host}:{port}", "--model", "m", "--warmup", 5, "--num-requests", 8),
            *("--concurrency", 2, "--workers", workers, "--input-len", 20, "--output-len", 1),
            *("--no-progress", "--no-server-metrics"),
        )
    assert (done.code, done.summary["completed"]) == (0, 8), done.err
    assert len(bodies) == len(set(bodies)) == 13
    assert not list(done.folder.glob("records/*warmup*"))


def test_token_times_and_texts_are_kept_when_asked_for(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    done = run_load(tmp_path, "--url", quick_simulator.url, "--num-requests", 6, "--save-detailed", *SHORT)
    assert done.code == 0, done.err
    vllm = json.loads((done.folder / "vllm.json").read_text())
    assert [len(gaps) for gaps in vllm["itls"]] == [11] * 6
    assert all(len(text.split()) == 12 for text in vllm["generated_texts"])
    for i in range(6):
        assert vllm["ttfts"][i] + sum(vllm["itls"][i]) == pytest.approx(vllm["latencies"][i], abs=1e-6)
