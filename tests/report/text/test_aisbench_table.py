"""AISBench's tables: its words, its order, its definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.text.aisbench_table import aisbench_table
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.analysis.summaries import summarise


def cells(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line
    ]


@pytest.fixture
def summary(tmp_path: Path) -> dict[str, Any]:
    rows = made_rows(np.arange(10) * 10.0, lag_ms=0.0, ttft_ms=50.0, itl_ms=10.0, tokens=8, prompt_tokens=100)
    return summarise(
        Measured(Run.load(write_run(tmp_path / "run", rows, config=base_config(concurrency=16))))
    )


def test_the_parameters_are_those_of_aisbench_in_its_order(summary: dict[str, Any]) -> None:
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


def test_the_common_metrics(summary: dict[str, Any]) -> None:
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


def test_the_stable_stage_stands_beside_the_whole_run(tmp_path: Path) -> None:
    # Three slots, filled at 0, 10 and 20 ms; the stage begins with the fourth request and ends 20 ms before the last.
    begins = [
        0.0,
        10.0,
        20.0,
        *(100.5 * round_ + 10.0 * slot for round_ in range(1, 20) for slot in range(3)),
    ]
    rows = made_rows(begins, lag_ms=0.0, ttft_ms=30.0, itl_ms=10.0, tokens=8, prompt_tokens=60)
    rows["prompt_tokens"][:3] = 1000
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config(concurrency=3)))
    table = aisbench_table(summarise(Measured(run))).splitlines()
    shown = cells("\n".join(table))
    stable = {row[0]: row[2:] for row in shown if row[1] == "stable"}
    total = {row[0]: row[2:] for row in shown if row[1] == "total"}
    # All but the one metric that a histogram of the whole run gives.
    assert set(total) - set(stable) == {"ITL"}
    assert [row[1] for row in shown if row[0] == "TTFT"] == ["total", "stable"]
    assert stable["InputTokens"][0] == "60"
    assert total["InputTokens"][0] != "60"
    assert stable["PrefillTokenThroughput"][0] == "2000 token/s"
    assert (stable["E2EL"][-1], total["E2EL"][-1]) == ("57", "60")
    assert stable["Total Requests"] == ["57"]
    assert stable["Benchmark Duration"] == ["1909.5 ms"]
    assert stable["Total Input Tokens"] == [str(57 * 60)]
    assert stable["Request Throughput"] == [f"{57 / 1.9095:.4f} req/s"]
    # 57 x 100 ms of requests in 1.91 s of a stage that three fill.
    assert float(stable["Concurrency"][0]) == pytest.approx(57 * 0.1 / 1.9095, rel=1e-3)


def test_whole_answers_show_less(tmp_path: Path) -> None:
    rows = made_rows(np.zeros(3))
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config(), streams=False))
    shown = aisbench_table(summarise(Measured(run)))
    assert "TTFT" not in shown
    assert "Prefill" not in shown
    assert "E2EL" in shown
