"""The metrics of the table that few servers or runs show, each by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.analysis.summary import summarise
from aisbench.analysis.verdict.gates import broken_gates, parse_gates
from aisbench.records.run import Run
from aisbench.studies.saturation.step import latencies_ms
from tests.analysis.made_runs import MS, base_config, made_rows, write_run


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
        "--fail-on ttfat_max>80: it is 90"
    )
    assert list(np.isinf(latencies_ms(found)["ttfat"])) == [False, False, False, True]


def test_a_bound_on_the_first_answer_token_holds_without_reasoning(tmp_path: Path) -> None:
    found = measured(tmp_path, made_rows(np.arange(4) * 100.0, ttft_ms=50.0))
    assert broken_gates(found, summarise(found), parse_gates("ttfat_p99>60")) == []
    assert list(latencies_ms(found)["ttfat"]) == pytest.approx([50.0] * 4)
