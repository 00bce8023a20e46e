"""The page says what came of what was asked, and has a dash for what was not measured."""

import re
from pathlib import Path

import numpy as np

from tests.analysis.made_runs import base_config, fail, made_rows, write_run
from tests.report.written import written


def page_of(tmp_path: Path, rows: np.ndarray, asked_output: int = -1) -> str:
    config = base_config(concurrency=len(rows), ignore_eos=True)
    folder = write_run(tmp_path / "run", rows, config=config, asked_output=[asked_output])
    return written(folder).read_text()


def test_lengths_and_finish_reasons(tmp_path: Path) -> None:
    rows = made_rows(np.arange(20) * 500.0, tokens=3)
    rows["finish"][:5] = 1
    page = page_of(tmp_path, rows, asked_output=64)
    assert "are shorter than requested (median 3 tokens, 64 requested)" in page
    assert "<td>100.0 % of 20</td>" in page
    assert "<td>stop 5, length 15</td>" in page
    assert "<td>75.0 %</td>" in page


def test_itl_per_event_and_usage_that_contradicts(tmp_path: Path) -> None:
    rows = made_rows(np.arange(4) * 500.0, tokens=10)
    rows["output_tokens"] = [20, 20, 20, 2]
    page = page_of(tmp_path, rows)
    assert "ITL per event" in page
    assert "usage contradicts the stream (2 tokens for 10 events)" in page


def test_nothing_measured_is_a_dash(tmp_path: Path) -> None:
    rows = made_rows(np.arange(3.0))
    fail(rows, slice(None), "http_status", http_status=503)
    page = page_of(tmp_path, rows)
    page = re.sub("</?a.*?>", "", page)
    assert '<div class="label">TTFT</div><div class="value">–</div>' in page
    assert '<th scope="row">TTFT</th><td>–</td>' in page
