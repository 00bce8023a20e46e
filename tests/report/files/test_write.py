"""What a run folder holds after write_all."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from aisbench.analysis.blocks.vllm.arrays import REQUEST_ARRAYS
from aisbench.analysis.measured import Measured
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.report.files import requests_table
from aisbench.report.files import write as module
from aisbench.report.files.write import write_all, write_large_json
from tests.analysis.made_runs import START_NS, base_config, drop, fail, made_rows, poisson_run, write_run


def strict(text: str) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    found: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return found


def test_all_files_come_from_the_records(tmp_path: Path) -> None:
    folder = poisson_run(tmp_path / "run", 250, 100.0, workers=2)
    summary = write_all(folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {"records", "summary.json", "summary.csv", "requests.jsonl", "vllm.json", "report.html"}
    assert strict((folder / "summary.json").read_text()) == summary
    vllm = (folder / "vllm.json").read_text()
    assert "\n" not in vllm
    shared = [key for key in strict(vllm) if key not in REQUEST_ARRAYS]
    assert shared == list(summary)[: len(shared)]
    # No array of one entry a request: a summary stays small however long the run was.
    assert (folder / "summary.json").stat().st_size < 40_000
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    write_all(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_metadata_cannot_push_our_own_keys_into_vllm_json(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows([0.0]), config=base_config(metadata={"verdict": "mine"}))
    summary = write_all(folder)
    assert strict((folder / "vllm.json").read_text())["verdict"] == "mine"
    assert summary["verdict"]["status"] == "valid"


def test_the_csv_has_one_metric_a_row(tmp_path: Path) -> None:
    folder = poisson_run(tmp_path / "run", 50, 100.0, config={"percentiles": [99.9]})
    summary = write_all(folder)
    with (folder / "summary.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    assert rows["ttft"]["unit"] == "ms"
    assert float(rows["ttft"]["p99.9"]) == summary["metrics"]["ttft_ms"]["p99.9"]
    assert float(rows["e2el_from_plan"]["mean"]) == summary["from_plan"]["e2el_ms"]["mean"]
    assert float(rows["request_throughput"]["mean"]) == summary["request_throughput"]
    assert rows["completed"]["p99"] == ""


def test_a_line_for_each_request(tmp_path: Path) -> None:
    rows = made_rows([10.0, 20.0, 30.0, 40.0], lag_ms=1.5, tokens=3)
    fail(rows, 1, "http_status", http_status=429)
    drop(rows, 3)
    config = base_config(rate=100.0, arrival="constant", save_token_times=True, save_outputs=True)
    texts = [("one", ""), ("", ""), ("three", "so"), ("", "")]
    folder = write_run(tmp_path / "run", rows, config=config, token_times=True, texts=texts, workers=2)
    write_all(folder)
    lines = [strict(line) for line in (folder / "requests.jsonl").read_text().splitlines()]
    first, refused, third, dropped = lines
    assert [line["slot"] for line in lines] == [0, 1, 2, 3]
    assert [line["worker"] for line in lines] == [0, 1, 0, 1]
    assert first["planned_ms"] == pytest.approx(10.0)
    assert first["sent_ms"] == pytest.approx(11.5)
    assert (first["ttft_ms"], first["e2el_ms"]) == (pytest.approx(50.0), pytest.approx(70.0))
    assert first["ttft_from_plan_ms"] == pytest.approx(51.5)
    assert first["token_gaps_ms"] == pytest.approx([10.0, 10.0])
    assert (third["content"], third["reasoning"]) == ("three", "so")
    assert (refused["status"], refused["error"], refused["http_status"]) == ("failed", "http_429", 429)
    assert refused["ttft_ms"] is refused["output_tokens"] is refused["first_token_ms"] is None
    assert (dropped["status"], dropped["sent_ms"], dropped["error"]) == ("dropped", None, None)


def test_a_crashed_run_gets_its_report_all_the_same(tmp_path: Path) -> None:
    rows = made_rows(np.arange(20) * 5.0)
    for name in ("first_token_ns", "first_token_low_ns", "last_token_ns", "done_ns", "content_events"):
        rows[name][15:] = 0
    rows["status"][15:] = 0
    folder = write_run(
        tmp_path / "run", rows, outcome="running", forget=["end_ns", "workers", "host", "limits"]
    )
    summary = write_all(folder)
    assert (summary["completed"], summary["requests"]["lost"]) == (15, 5)
    assert summary["outcome"] == "failed"
    assert "without closing its records" in (folder / "report.html").read_text()


def test_an_empty_run_gets_every_file(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows([]), start_ns=START_NS)
    assert write_all(folder)["completed"] == 0
    assert (folder / "requests.jsonl").read_text() == ""


def test_no_run_folder_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        write_all(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [0, 1, 6, 7])
def test_arrays_written_in_blocks_are_the_same_text(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK", 3)
    numbers = np.random.default_rng(count).normal(size=count)
    content: dict[str, Any] = {
        "a": 1,
        "x": numbers,
        'b"': None,
        "n": np.arange(count),
        "texts": ["é"] * count,
    }
    write_large_json(content, tmp_path / "large.json")
    plain = {
        name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in content.items()
    }
    assert (tmp_path / "large.json").read_bytes() == orjson.dumps(plain)


def test_large_answers_are_written_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As few as fit into _BATCH_BYTES, but at least one: the same lines come of it, with less memory."""
    lengths = [10, 900, 20, 30, 2000, 5, 5]
    texts = [("x" * length, "") for length in lengths]
    config = base_config(save_outputs=True, save_token_times=True)
    folder = write_run(
        tmp_path / "run", made_rows(np.arange(7.0)), config=config, texts=texts, token_times=True
    )
    measured = Measured(Run.load(folder))
    requests_table.write_requests(measured, tmp_path / "at once.jsonl")
    monkeypatch.setattr(requests_table, "_BATCH_BYTES", 1000)
    monkeypatch.setattr(requests_table, "_BATCH", 6)
    assert list(requests_table._batches(measured)) == [(0, 1), (1, 2), (2, 4), (4, 5), (5, 6), (6, 7)]
    requests_table.write_requests(measured, tmp_path / "in parts.jsonl")
    lines = (tmp_path / "in parts.jsonl").read_bytes()
    assert [len(json.loads(line)["content"]) for line in lines.splitlines()] == lengths
    assert lines == (tmp_path / "at once.jsonl").read_bytes()


def test_a_large_run_is_reported_as_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read, kept and written in blocks to save memory makes no difference."""
    folder = poisson_run(tmp_path / "run", 400, 100.0, workers=2)
    write_all(folder, tmp_path / "small")
    for name, value in (
        ("analysis.latencies._KEPT_MOST", 0),
        ("analysis.in_flight._BLOCK", 7),
        ("analysis.heat._BLOCK", 7),
        ("records.rows._BLOCK", 7),
        ("records.rows._PICKED", 3),
        ("records.rows._SMALL_RUN", 0),
        ("report.files.requests_table._BATCH", 9),
        ("report.files.write._BLOCK", 5),
    ):
        monkeypatch.setattr(f"aisbench.{name}", value)
    write_all(folder, tmp_path / "large")
    for path in (tmp_path / "small").iterdir():
        assert (tmp_path / "large" / path.name).read_bytes() == path.read_bytes()
