"""--fail-on: conditions under which a run has failed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.analysis.verdict.gates import broken_gates, parse_gates
from aisbench.errors import BadInput
from aisbench.records.run import Run
from tests.analysis.made_runs import fail, made_rows, write_run
from tests.analysis.summaries import summarise


def broken(folder: Path, rows: np.ndarray, conditions: str) -> list[str]:
    run = Run.load(write_run(folder, rows))
    return broken_gates(Measured(run), summarise(Measured(run)), parse_gates(conditions))


def test_what_holds_is_named_with_its_value(tmp_path: Path) -> None:
    rows = made_rows(np.arange(100) * 10.0, ttft_ms=np.arange(1, 101.0))
    fail(rows, slice(0, 10), "timeout")
    conditions = "error_rate>0.05, ttft_p99>500 ttft_p37.5>20 tpot_mean<50 itl_max>=11"
    assert broken(tmp_path, rows, conditions) == [
        "--fail-on error_rate>0.05: error_rate is 0.1",
        "--fail-on ttft_p37.5>20: ttft_p37.5 is 44.375 ms",
        "--fail-on tpot_mean<50: tpot_mean is 10 ms",
    ]


def test_what_was_not_measured_breaks_its_condition(tmp_path: Path) -> None:
    rows = made_rows(np.arange(3) * 10.0)
    fail(rows, slice(0, 3), "timeout")
    (sentence,) = broken(tmp_path, rows, "e2el_p99>500")
    assert sentence == "--fail-on e2el_p99>500: e2el_p99 was not measured"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ttft_p99", "'ttft_p99'"),
        ("ttft_p101>5", "ttft_p101"),
        ("ttft>5", "'ttft'"),
        ("speed>5", "'speed'"),
        ("error_rate>x", "'error_rate>x'"),
    ],
)
def test_what_is_no_condition(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=f"--fail-on.*{words}"):
        parse_gates(text)


def test_nothing_asked() -> None:
    assert parse_gates(None) == ()
