"""Every API from the command line over real sockets: streams, whole answers, what counts the tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisbench.backends.registry import BACKENDS
from aisbench.simulator.process import SimulatorProcess
from tests.system.running import run_load
from tests.workload.conftest import tiny_tokenizer

SHORT = ("--num-requests", 6, "--concurrency", 2, "--input-len", 9, "--output-len", 7, "--no-progress")
GENERATING = [name for name, backend in BACKENDS.items() if backend.generates]
# One name for each: vllm, sglang and others are openai under another name, which test_streams gives.
DISTINCT = [
    name for name in GENERATING if name == next(one for one in GENERATING if BACKENDS[one] is BACKENDS[name])
]
POOLING = [name for name, backend in BACKENDS.items() if not backend.generates]
# The first gives no count at all; MindIE sends its usage unasked, which the simulator does not.
COUNTED_BY_EVENTS = ("tensorrt-llm", "mindie", "mindie-chat")


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("name", GENERATING)
def test_streams(tmp_path: Path, quick_simulator: SimulatorProcess, name: str) -> None:
    quick_simulator.reset()
    run = run_load(tmp_path, "--url", quick_simulator.url, "--backend", name, *SHORT)
    assert run.code == 0, run.err + run.out
    summary = run.summary
    assert (summary["completed"], summary["failed"]) == (6, 0)
    assert (summary["total_input_tokens"], summary["total_output_tokens"]) == (54, 42)
    assert summary["output_tokens_from"] == ("events" if name in COUNTED_BY_EVENTS else "usage")
    assert 0 < summary["mean_ttft_ms"] < summary["metrics"]["e2el_ms"]["mean"]
    # Of steps of 4 ms. What a busy machine delays at the beginning, it makes up for in the few gaps that follow.
    assert summary["mean_itl_ms"] > 1
    assert quick_simulator.truth()["done"] == 6


@pytest.mark.parametrize("name", DISTINCT)
def test_whole_answers(tmp_path: Path, quick_simulator: SimulatorProcess, name: str) -> None:
    quick_simulator.reset()
    run = run_load(tmp_path, "--url", quick_simulator.url, "--backend", name, "--no-stream", *SHORT)
    assert run.code == 0, run.err + run.out
    summary = run.summary
    assert (summary["completed"], summary["failed"]) == (6, 0)
    assert summary["total_input_tokens"] == 54
    if name != "tensorrt-llm":
        assert summary["total_output_tokens"] == 42
    # There is no first token to time, and nothing is said of one.
    assert list(summary["metrics"]) == ["e2el_ms", "norm_e2el_ms"]
    assert summary["mean_e2el_ms"] > 7 * 4
    assert "mean_ttft_ms" not in summary
    assert "TTFT" not in run.out
    assert (run.folder / "report.html").stat().st_size > 1_000_000
    assert quick_simulator.truth()["done"] == 6


@pytest.mark.parametrize("name", POOLING)
def test_vectors_and_scores(tmp_path: Path, quick_simulator: SimulatorProcess, name: str) -> None:
    dataset = ("--dataset", "random-rerank") if name == "vllm-rerank" else ("--batch-size", 3)
    run = run_load(
        tmp_path,
        *("--url", quick_simulator.url, "--backend", name, *dataset),
        *("--num-requests", 6, "--input-len", 9, "--no-progress"),
    )
    assert run.code == 0, run.err + run.out
    summary = run.summary
    assert summary["failed"] == 0
    assert summary["completed"] > 0
    assert summary["total_output_tokens"] == 0
    vllm = json.loads((run.folder / "vllm.json").read_text())
    assert vllm["total_input_sequences"] == 6
    assert vllm["input_sequence_throughput"] >= vllm["request_throughput"]
    assert "failed" not in vllm
    assert vllm["mean_e2el_ms"] > 0


def test_a_tokenizer_counts_what_the_server_does_not(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    tokenizer = tiny_tokenizer(lost="x")
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    run = run_load(
        tmp_path / "out",
        *("--url", quick_simulator.url, "--backend", "tensorrt-llm", "--tokenizer", tmp_path / "tokenizer"),
        *SHORT,
    )
    assert run.code == 0, run.err
    assert run.summary["output_tokens_from"] == "tokenizer"
    log = (run.folder / "records/text-0.bin").read_text()
    texts = [json.loads(line)["content"] for line in log.splitlines()]
    counted = sum(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts)
    assert run.summary["total_output_tokens"] == counted > 0
    # The texts were kept for this alone: nobody asked to see them.
    assert "content" not in json.loads((run.folder / "requests.jsonl").read_text().splitlines()[0])


@pytest.mark.parametrize("option", [("--ttft-at", "first-chunk"), ("--compat", "vllm")])
def test_first_chunks_of_an_api_that_does_not_mark_them(
    tmp_path: Path, quick_simulator: SimulatorProcess, option: tuple[str, str]
) -> None:
    run = run_load(tmp_path, "--url", quick_simulator.url, "--backend", "tgi", *option, *SHORT)
    assert (run.code, run.summary["completed"]) == (0, 6)
