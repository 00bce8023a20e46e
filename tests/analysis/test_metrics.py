"""The metrics of the table that few servers or runs show, each by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.analysis.verdict.gates import broken_gates, parse_gates
from aisbench.records.run import Run
from aisbench.report.files.requests_table import write_requests
from aisbench.studies.slo.latencies import latencies_ms
from tests.analysis.made_runs import MS, base_config, made_rows, write_run
from tests.analysis.summaries import summarise


def measured(tmp_path: Path, rows: np.ndarray, **options: Any) -> Measured:
    return Measured(Run.load(write_run(tmp_path / "run", rows, **options)))


def test_time_to_first_answer_token(tmp_path: Path) -> None:
    rows = made_rows(np.arange(4) * 100.0, ttft_ms=50.0)
    assert "ttfat_ms" not in summarise(measured(tmp_path / "plain", rows))["metrics"]
    # Two of four think before they answer, for 20 and 40 ms; one never comes to an answer.
    rows["reasoning_events"][1:] = [2, 3, 8]
    rows["first_answer_ns"][1:3] += np.array([20, 40]) * MS
    rows["first_answer_ns"][3] = 0
    found = measured(tmp_path, rows, config=base_config(goodput={"ttfat": 75.0}))
    summary = summarise(found)
    figures = summary["metrics"]["ttfat_ms"]
    assert (figures["count"], figures["min"], figures["max"]) == (3, pytest.approx(50), pytest.approx(90))
    assert figures["mean"] == pytest.approx((50 + 70 + 90) / 3)
    # An answer that is all reasoning meets no bound.
    assert summary["goodput"]["good"] == 2
    assert broken_gates(found, summary, parse_gates("ttfat_max>80"))[0].startswith(
        "--fail-on ttfat_max>80: ttfat_max is 90"
    )
    assert list(np.isinf(latencies_ms(found)["ttfat"])) == [False, False, False, True]


def test_a_bound_on_the_first_answer_token_holds_without_reasoning(tmp_path: Path) -> None:
    found = measured(tmp_path, made_rows(np.arange(4) * 100.0, ttft_ms=50.0))
    assert broken_gates(found, summarise(found), parse_gates("ttfat_p99>60")) == []
    assert list(latencies_ms(found)["ttfat"]) == pytest.approx([50.0] * 4)


@pytest.mark.parametrize("streams", [True, False])
def test_normalised_e2el(streams: bool, tmp_path: Path) -> None:
    rows = made_rows(np.arange(3) * 100.0, ttft_ms=50.0, itl_ms=10.0, tokens=[1, 6, 11])
    found = measured(tmp_path, rows, streams=streams, config=base_config(goodput={"norm_e2el": 20.0}))
    summary = summarise(found)
    # 50 / 1, (50 + 50) / 6 and (50 + 100) / 11.
    wanted = [50, 100 / 6, 150 / 11]
    assert summary["metrics"]["norm_e2el_ms"]["mean"] == pytest.approx(sum(wanted) / 3)
    assert summary["goodput"]["good"] == 2
    write_requests(found, tmp_path / "requests.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text().splitlines()]
    assert [line["norm_e2el_ms"] for line in lines] == pytest.approx(wanted)


@pytest.mark.parametrize("token_times", [True, False])
def test_itl_per_token(token_times: bool, tmp_path: Path) -> None:
    rows = made_rows(np.arange(2) * 100.0, itl_ms=12.0, tokens=8)
    plain = summarise(measured(tmp_path / "plain", rows, token_times=token_times))
    assert "itl_per_token_ms" not in plain["metrics"]
    # Events of three tokens each: the gap of 12 ms is one of 4 ms a token.
    rows["output_tokens"] = 24
    found = measured(
        tmp_path, rows, token_times=token_times, config=base_config(goodput={"itl_per_token": 5.0})
    )
    summary = summarise(found)
    assert summary["metrics"]["itl_ms"]["mean"] == pytest.approx(12.0, rel=1e-6)
    figures = summary["metrics"]["itl_per_token_ms"]
    assert figures["count"] == 2 * 7 * 3
    assert figures["mean"] == pytest.approx(4.0, rel=1e-6)
    assert figures["p99"] == pytest.approx(4.0, rel=1e-3)
    assert summary["goodput"]["good"] == 2


def test_gaps_of_many_tokens_count_as_often_as_they_carry(tmp_path: Path) -> None:
    rows = made_rows([0.0, 100.0], itl_ms=[30.0, 10.0], tokens=3)
    rows["output_tokens"] = [9, 3]
    figures = summarise(measured(tmp_path, rows, token_times=True))["metrics"]["itl_per_token_ms"]
    # Two gaps of 30 ms and three tokens each, and two of 10 ms and one: all are 10 ms a token.
    assert (figures["count"], figures["min"], figures["max"]) == (8, pytest.approx(10), pytest.approx(10))
