"""The result of a sweep, its table and its CSV file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import scipy

from aisbench.analysis.statistics.intervals import mean_interval
from aisbench.studies.sweep.measured_run import SERVER, USER
from aisbench.studies.sweep.result import estimate
from aisbench.studies.sweep.table import result_text, write_runs_csv
from tests.studies.sweep.made_results import swept

FASTEST = "input_len=512 concurrency=64"


def test_the_interval_of_a_mean_is_student_s() -> None:
    values = [10.0, 11.0, 12.5, 9.0]
    low, high = scipy.stats.t.interval(0.95, 3, loc=10.625, scale=scipy.stats.sem(values))
    assert mean_interval(values) == pytest.approx((low, high))
    assert mean_interval([10.0]) is None
    assert estimate([10.0]) == {"mean": 10.0, "low": None, "high": None, "values": [10.0]}


def test_points_have_means_with_intervals() -> None:
    found = swept()
    point = found["points"][2]
    assert (point["name"], point["runs"], point["curve"]) == (FASTEST, 3, "input_len=512")
    figure = point["figures"][SERVER]
    assert len(figure["values"]) == 3
    assert figure["low"] < figure["mean"] < figure["high"]
    assert found["user_figure"] == USER
    assert found["left"] == []


def test_the_best_point_keeps_all_bounds() -> None:
    # At 64 in flight TTFT is 328 ms with short prompts and 1311 ms with long ones.
    assert swept(slo="ttft_p99<500")["best"] == FASTEST
    assert swept(slo="ttft_p99<100")["best"] == "input_len=512 concurrency=8"
    assert swept(slo="ttft_p99<1")["best"] is None
    assert swept(slo=None)["best"] is None
    assert [point["passes"] for point in swept()["points"]] == [True, True, True, True, True, False]


def test_the_frontier_has_the_points_of_the_fast_curve() -> None:
    assert swept()["frontier"] == [f"input_len=512 concurrency={n}" for n in (64, 8, 1)]


def test_the_last_line_names_the_best_point() -> None:
    lines = result_text(swept(), Path("folder")).splitlines()
    assert lines[-1].startswith(f"best under ttft_p99<500: {FASTEST} (1204.7 ±30 tokens/s per server, 18.8")
    assert lines[-2] == "written: folder/sweep.html"
    assert "±" in lines[2]
    assert [line.split()[:2] for line in lines[2:8]] == [
        [a, b] for a in ("512", "2048") for b in ("1", "8", "64")
    ]
    assert result_text(swept(slo=None), Path("folder")).splitlines()[-1] == "written: folder/sweep.html"
    assert result_text(swept(slo="ttft_p99<1"), Path("f")).endswith("\nno point meets ttft_p99<1")
    assert "±" not in result_text(swept(runs=1), Path("folder"))


def test_a_best_point_of_an_invalid_client_is_doubted() -> None:
    text = result_text(swept(clients={FASTEST: "invalid"}), Path("folder"))
    assert text.endswith("; do not rely on it: the client was invalid there")
    assert result_text(swept(clients={FASTEST: "doubtful"}), Path("f")).endswith(
        "; the client was doubtful there"
    )


def test_a_failed_point_is_named_and_not_drawn() -> None:
    found = swept(problems={FASTEST: "no request succeeded (http_500: full)"})
    assert found["points"][2]["figures"] == {}
    assert FASTEST not in found["frontier"]
    assert found["best"] == "input_len=512 concurrency=8"
    text = result_text(found, Path("folder"))
    assert f"not measured: {FASTEST}: no request succeeded (http_500: full)" in text
    assert "to continue: aisbench sweep --resume folder" in text


def test_the_csv_has_a_row_for_each_run(tmp_path: Path) -> None:
    write_runs_csv(swept(problems={FASTEST: "down"}), tmp_path / "sweep.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "sweep.csv").read_text())))
    assert len(rows) == 18
    assert [(row["input_len"], row["concurrency"], row["run"]) for row in rows[:4]] == [
        ("512", "1", "1"), ("512", "1", "2"), ("512", "1", "3"), ("512", "8", "1"),
    ]  # fmt: skip
    assert rows[6]["problem"] == "down"
    assert float(rows[0][SERVER]) == pytest.approx(40 / (1 + 1 / 64) / (1 + 512 / 8192) * 0.99)
