"""AISBench's tables: its words, its order, its definitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.metrics import summarise
from aisbench.analysis.records import Run
from aisbench.report.aisbench_table import aisbench_table
from tests.analysis.made_runs import base_config, made_rows, write_run


def cells(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line
    ]


@pytest.fixture
def summary(tmp_path: Path) -> dict:
    rows = made_rows(np.arange(10) * 10.0, lag_ms=0.0, ttft_ms=50.0, itl_ms=10.0, tokens=8, prompt_tokens=100)
    return summarise(Run.load(write_run(tmp_path / "run", rows, config=base_config(concurrency=16))))


def test_the_parameters_are_those_of_aisbench_in_its_order(summary: dict) -> None:
    head, *rows = cells(aisbench_table(summary))[:9]
    assert head == [
        "Performance Parameters",
        "Stage",
        "Average",
        "Min",
        "Max",
        "Median",
        "P75",
        "P90",
        "P99",
        "N",
    ]
    found = {row[0]: row[1:] for row in rows}
    assert list(found) == [
        "E2EL", "TTFT", "TPOT", "ITL", "InputTokens", "OutputTokens", "OutputTokenThroughput", "PrefillTokenThroughput",
    ]  # fmt: skip
    assert found["E2EL"] == ["total", *["120 ms"] * 7, "10"]
    assert found["TTFT"][1] == "50 ms"
    assert found["TPOT"][1] == "10 ms"
    assert found["ITL"][-1] == "70"
    assert found["InputTokens"][1:] == [*["100"] * 7, "10"]
    # 8 tokens in 120 ms; 100 tokens in 50 ms.
    assert found["OutputTokenThroughput"][1] == "66.6667 token/s"
    assert found["PrefillTokenThroughput"][1] == "2000 token/s"


def test_the_common_metrics(summary: dict) -> None:
    found = {row[0]: row[2] for row in cells(aisbench_table(summary))[9:]}
    assert list(found) == [
        "Common Metric", "Benchmark Duration", "Total Requests", "Failed Requests", "Success Requests", "Concurrency",
        "Max Concurrency", "Request Throughput", "Total Input Tokens", "Prefill Token Throughput",
        "Total generated tokens", "Input Token Throughput", "Output Token Throughput", "Total Token Throughput",
    ]  # fmt: skip
    # The last of ten leaves at 90 ms and is at its end 120.5 ms later.
    assert found["Benchmark Duration"] == "210.5 ms"
    assert (found["Success Requests"], found["Max Concurrency"]) == ("10", "16")
    assert float(found["Concurrency"]) == pytest.approx(10 * 0.120 / 0.2105, abs=1e-4)
    assert found["Input Token Throughput"] == "4750.59 token/s"


def test_whole_answers_show_less(tmp_path: Path) -> None:
    rows = made_rows(np.zeros(3))
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config(), streams=False))
    shown = aisbench_table(summarise(run))
    assert "TTFT" not in shown
    assert "Prefill" not in shown
    assert "E2EL" in shown
