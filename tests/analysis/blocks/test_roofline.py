"""The client's costs from two loads, and the share of them that a run takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.blocks.roofline import LEAST_COST_NS, Cost, Load, roofline_block
from aisbench.analysis.measured import Measured
from aisbench.analysis.verdict import thresholds
from aisbench.records.run import Run
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.analysis.summaries import summarise

ROOFLINE = {"event_ns": 5_000.0, "request_ns": 50_000.0, "date": "2026-11-24T10:00:00+00:00"}


def made_run(folder: Path, rows: np.ndarray, **info: Any) -> Run:
    config = base_config(rate=100.0, arrival="constant")
    return Run.load(write_run(folder, rows, config=config, **info))


def test_costs_are_found_again_from_what_they_made() -> None:
    def load(events: int, requests: int) -> Load:
        return Load(events, requests, events * 4_700 + requests * 52_000)

    cost = Cost.between(load(216_000, 2_160), load(15_000, 15_000))
    assert cost.event_ns == pytest.approx(4_700)
    assert cost.request_ns == pytest.approx(52_000)


def test_a_cost_lost_in_noise_is_not_nothing() -> None:
    cost = Cost.between(Load(100_000, 1_000, 600_000_000), Load(15_000, 15_000, 10_000_000))
    assert cost.request_ns == LEAST_COST_NS
    assert cost.event_ns > 0


def test_a_runs_share_adds_up_its_events_and_requests(tmp_path: Path) -> None:
    # A second of 100 requests/s, each of 8 tokens that come before the next second begins, and one as busy that is longer.
    rows = made_rows(np.concatenate([np.arange(90), 100 + np.arange(89), [250]]) * 10, ttft_ms=20, itl_ms=5)
    found = roofline_block(made_run(tmp_path / "run", rows, roofline=ROOFLINE))
    assert found is not None
    busy_ns = 90 * 8 * 5_000 + 90 * 50_000
    assert found["busiest_share"] == pytest.approx(busy_ns / 1e9)
    assert found["mean_share"] == pytest.approx(2 * busy_ns / 1e9 / (rows["done_ns"].max() / 1e9 - 5000))
    assert found["events_per_s_per_worker"] == 200_000
    assert found["requests_per_s_per_worker"] == 20_000


@pytest.mark.parametrize("end_ms", [30, 700, 1500])
def test_in_a_short_run_the_busiest_second_is_no_less_than_the_mean(end_ms: int, tmp_path: Path) -> None:
    rows = made_rows(np.arange(0, end_ms, 10), ttft_ms=20, itl_ms=5)
    found = roofline_block(made_run(tmp_path / "run", rows, roofline=ROOFLINE))
    assert found is not None
    assert found["busiest_share"] == pytest.approx(found["mean_share"])
    assert found["mean_share"] > 0.003


def test_two_workers_have_twice_the_room(tmp_path: Path) -> None:
    rows = made_rows(np.arange(90) * 10, ttft_ms=20, itl_ms=5)
    one = roofline_block(made_run(tmp_path / "one", rows, roofline=ROOFLINE))
    two = roofline_block(made_run(tmp_path / "two", rows, roofline=ROOFLINE, workers=2))
    assert one is not None
    assert two is not None
    assert two["busiest_share"] == pytest.approx(one["busiest_share"] / 2)


@pytest.mark.parametrize(
    "info", [{}, {"roofline": None}, {"roofline": ROOFLINE, "endpoints": ["https://h:1"]}]
)
def test_what_was_not_measured_is_not_told(info: dict[str, Any], tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", made_rows(np.arange(20) * 10), **info)
    summary = summarise(Measured(run))
    assert summary["client"]["roofline"] is None
    assert thresholds.ROOFLINE.name not in {check["name"] for check in summary["verdict"]["checks"]}


def test_a_run_near_the_roofline_is_doubtful(tmp_path: Path) -> None:
    slow = {**ROOFLINE, "request_ns": 9_000_000.0}
    rows = made_rows(np.arange(300) * 10, ttft_ms=20, itl_ms=5)
    verdict = summarise(Measured(made_run(tmp_path / "run", rows, roofline=slow)))["verdict"]
    assert verdict["status"] == "doubtful"
    (reason,) = verdict["reasons"]
    assert "the load that this client can carry" in reason
    assert "above 80 %" in reason
