"""A stage that holds too little is named in one sentence, on the console and on the page, without figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.charts.flow import stable_stages
from aisbench.report.page.groups import stable
from aisbench.report.stages import missing
from aisbench.report.text.console import render
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.analysis.summaries import summarise


def summary_of(folder: Path, planned_ms: np.ndarray, concurrency: int) -> dict[str, Any]:
    rows = made_rows(planned_ms)
    config = base_config(concurrency=concurrency)
    return summarise(Measured(Run.load(write_run(folder / "run", rows, config=config))))


def test_one_request_is_no_stage(tmp_path: Path) -> None:
    """Each takes 120.5 ms: two are in flight from 60 ms on, the third leaves at 130 ms, and the second ends at 180 ms."""
    summary = summary_of(tmp_path, np.array([0.0, 60.0, 130.0]), 4)
    text = render(summary, [99.0])
    (line,) = [found for found in text.splitlines() if found.startswith("Stable stage")]
    assert (
        line == "Stable stage        none: 1 request in 0.05 s, too few for figures (at least 10 are needed)"
    )
    page = stable(summary)
    assert "No stable stage: 1 request in 0.05 s, too few for figures (at least 10 are needed)." in page
    assert not [shape for shape in stable_stages(summary) if shape["y0"] == 0], "not shaded"


@pytest.mark.parametrize(
    ("count", "window_ms", "why"),
    [
        (0, [0.0, 0.0], "0 requests in 0.00 s, too few for figures (at least 10 are needed)"),
        (12, [0.0, 100.0], "its 0.10 s are shorter than its longest request (0.12 s)"),
        (12, [0.0, 500.0], None),
    ],
)
def test_when_there_is_enough(tmp_path: Path, count: int, window_ms: list[float], why: str | None) -> None:
    stage = summary_of(tmp_path, np.arange(40) * 50.0, 4)["stable"]["statistical"]
    assert missing(stage | {"completed": count, "window_ms": window_ms}) == why


def test_six_requests_at_once_have_no_figures_of_a_stage(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, np.arange(6) * 0.01, 6)
    assert "req/s" not in "".join(
        line for line in render(summary, [99.0]).splitlines() if line.startswith(("Stable", "Settled"))
    )
    page = stable(summary)
    assert "<table" not in page
    assert page.count("No s") == 2
