"""Slices of runs whose every request is known."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.blocks.slices import width_ns
from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.files.write import write_all
from aisbench.report.text.console import render
from tests.analysis.made_runs import base_config, fail, made_rows, write_run
from tests.analysis.summaries import summarise


def sliced(folder: Path, rows: np.ndarray, slice_s: float | None, **more: Any) -> Path:
    return write_run(folder / "run", rows, config=base_config(slice_s=slice_s), **more)


def test_each_slice_has_its_own_requests(tmp_path: Path) -> None:
    # One request a 100 ms for 4 s, of 8 tokens in 50 + 7 * 10 ms; in the second half TTFT is 150 ms.
    planned = np.arange(40) * 100.0
    rows = made_rows(planned, lag_ms=0.0, ttft_ms=np.where(planned < 2000, 50.0, 150.0))
    fail(rows, [25, 27], "http_status", http_status=500)
    found = summarise(Measured(Run.load(sliced(tmp_path, rows, 1.0))))["slices"]
    assert found["width_s"] == 1.0
    parts = found["slices"]
    assert [part["begin_s"] for part in parts] == [0, 1, 2, 3, 4]
    assert [part["sent"] for part in parts] == [10, 10, 10, 10, 0]
    # Of those sent in a second, one or more end in the next.
    assert [part["completed"] for part in parts] == [9, 10, 7, 10, 2]
    assert [part["failed"] for part in parts] == [0, 0, 2, 0, 0]
    assert parts[2]["errors"] == {"http_500": 2}
    assert parts[0]["errors"] == {}
    assert [part["mean_ttft_ms"] for part in (parts[0], parts[1], parts[3])] == pytest.approx([50, 50, 150])
    # The 120.5 ms of the last request of the first half end in the third slice.
    assert 50 < parts[2]["mean_ttft_ms"] < 150
    assert parts[3]["p99_e2el_ms"] == pytest.approx(220)
    assert parts[3]["mean_tpot_ms"] == pytest.approx(10)
    assert parts[1]["request_throughput"] == pytest.approx(10)
    assert sum(
        part["output_throughput"] * (part["end_s"] - part["begin_s"]) for part in parts
    ) == pytest.approx(304)
    # 120.5 ms of every 100 are in flight, later 220.5.
    assert parts[0]["in_flight_max"] == 2
    assert parts[3]["in_flight_mean"] == pytest.approx(2.2, abs=0.1)
    assert parts[3]["in_flight_max"] == 3
    # The last slice is what is left of the run.
    assert parts[4]["end_s"] == pytest.approx(4.1205)


def test_a_slice_without_requests_has_no_latencies(tmp_path: Path) -> None:
    folder = sliced(tmp_path, made_rows([0.0, 2500.0]), 1.0)
    summary = write_all(folder)
    empty = summary["slices"]["slices"][1]
    assert (empty["completed"], empty["mean_ttft_ms"], empty["in_flight_max"]) == (0, None, 0)
    with (folder / "slices.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["p99_ttft_ms"] for row in rows] == ["50.0", "", "50.0"]
    assert [row["completed"] for row in rows] == ["1", "0", "1"]
    assert "Slices of 1 s       1 whole: 0.00 to 0.00 req/s" in render(summary, [99.0])


def test_errors_are_columns_of_the_csv(tmp_path: Path) -> None:
    rows = made_rows(np.arange(4) * 600.0)
    fail(rows, 3, "timeout", http_status=0)
    folder = sliced(tmp_path, rows, 1.0)
    write_all(folder)
    with (folder / "slices.csv").open(newline="") as file:
        assert [row["errors_timeout"] for row in csv.DictReader(file)] == ["0", "1"]


def test_whole_answers_have_no_first_token(tmp_path: Path) -> None:
    run = Run.load(sliced(tmp_path, made_rows([0.0, 600.0]), 0.5, streams=False))
    part = summarise(Measured(run))["slices"]["slices"][0]
    assert "mean_e2el_ms" in part
    assert "mean_ttft_ms" not in part


@pytest.mark.parametrize(
    ("seconds", "asked", "width_s"),
    [(60, None, None), (299, None, None), (60, 7, 7), (301, None, 60), (4 * 3600 - 1, None, 60), (24 * 3600, None, 600)],
)  # fmt: skip
def test_long_runs_are_sliced_unasked(
    tmp_path: Path, seconds: float, asked: float | None, width_s: float | None
) -> None:
    run = Run.load(sliced(tmp_path, made_rows([0.0, 1e3 * seconds]), asked))
    assert width_ns(run) == (None if width_s is None else width_s * 1_000_000_000)


def test_nothing_was_sent(tmp_path: Path) -> None:
    folder = sliced(tmp_path, made_rows([]), 1.0)
    assert write_all(folder)["slices"] is None
    assert not (folder / "slices.csv").exists()
