"""`aisbench report DIR --format`: the same figures in each form, from the records alone."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from aisbench.cli.report import report
from aisbench.errors import BadInput
from tests.analysis.made_runs import base_config, fail, made_rows, write_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = made_rows(np.arange(200) * 10, ttft_ms=20, itl_ms=5)
    fail(rows, 3, "http_status", http_status=500)
    config = base_config(rate=100.0, arrival="constant", model="a|b")
    return write_run(tmp_path / "run", rows, config=config)


def printed(folder: Path, *args: str) -> str:
    done: Result = CliRunner().invoke(report, [str(folder), *args], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


def test_each_form_tells_the_same(folder: Path) -> None:
    summary = json.loads(printed(folder, "--format", "json"))
    assert summary["completed"] == 199
    vllm = json.loads(printed(folder, "--format", "vllm"))
    assert vllm["mean_ttft_ms"] == summary["mean_ttft_ms"]
    rows = {row["metric"]: row for row in csv.DictReader(io.StringIO(printed(folder, "--format", "csv")))}
    assert float(rows["ttft"]["p99"]) == summary["metrics"]["ttft_ms"]["p99"]
    assert f"{summary['mean_ttft_ms']:.2f}" in printed(folder)
    assert "Common Metric" in printed(folder, "--table", "aisbench")


def test_markdown_has_the_totals_the_latencies_and_the_verdict(folder: Path) -> None:
    text = printed(folder, "--format", "markdown")
    summary = json.loads((folder / "summary.json").read_text())
    assert "| Requests | 199 completed, 1 failed |" in text
    figures = summary["metrics"]["ttft_ms"]
    cells = " | ".join(f"{figures[name]:.2f}" for name in ("mean", "median", "p75", "p90", "p95", "p99"))
    assert f"| TTFT | {cells} |" in text
    assert "no limit" in text
    assert f"**Verdict: {summary['verdict']['status']}**" in text
    assert "**a\\|b** at " in text, "a bar would end a cell"
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.replace("\\|", "").count("|") in (3, 8) for line in tables)


def test_an_unknown_form_is_named_before_anything_is_written(folder: Path) -> None:
    done = CliRunner().invoke(report, [str(folder), "--format", "xml"], standalone_mode=False)
    assert isinstance(done.exception, BadInput)
    assert "known: table, markdown, json, csv, vllm" in str(done.exception)
    assert not (folder / "summary.json").exists()
