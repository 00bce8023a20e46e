"""What is told of a plan is what is in it, and the law beside it is the law."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.config.run_config import RunConfig
from aisbench.engine.plan import Plan, make_plan
from aisbench.studies.arrival_plan.measure import (
    law_rate,
    moving_average,
    operational,
    plan_facts,
    planned_gaps,
    planned_rate,
)
from aisbench.workload.arrivals.trace import Trace
from aisbench.workload.prompts import Prompts

REQUESTS = 20_000


def planned(**options: object) -> tuple[RunConfig, Plan]:
    config = RunConfig(num_requests=REQUESTS, **options)  # type: ignore[arg-type]
    config.check()
    return config, make_plan(config, Prompts(iter(()), REQUESTS, []))


@pytest.fixture
def series(tmp_path: Path) -> str:
    (tmp_path / "rates.csv").write_text("time_s,rate\n0,10\n50,200\n100,50\n")
    return str(tmp_path / "rates.csv")


@pytest.fixture(params=["rate", "gamma", "steps", "series", "sine", "linear", "exponential"])
def moving(request: pytest.FixtureRequest, series: str) -> tuple[RunConfig, Plan]:
    ramp = {"ramp_from": 20.0, "ramp_to": 300.0}
    options: dict[str, dict[str, Any]] = {
        "rate": {"rate": 100.0},
        "gamma": {"rate": 100.0, "burstiness": 0.5},
        "steps": {"rate_steps": "50x50s,150x60s,100x10s"},
        "series": {"rate_series": series},
        "sine": {"rate_sine": "100,80,40s"},
        "linear": {"ramp_up": "linear", **ramp},
        "exponential": {"ramp_up": "exponential", **ramp},
    }
    return planned(**options[request.param])


def test_every_request_is_in_one_bin(moving: tuple[RunConfig, Plan]) -> None:
    _, plan = moving
    rate = planned_rate(plan)
    widths = np.diff(np.append(rate.starts_s, plan.offsets_ns[-1] / 1e9))
    assert (rate.planned * widths).sum() == pytest.approx(REQUESTS, rel=1e-3)
    assert len(rate.planned) <= 300
    assert len(rate.averaged) == len(rate.planned)


def test_the_laws_rate_is_what_the_plan_comes_to(moving: tuple[RunConfig, Plan]) -> None:
    config, plan = moving
    edges = np.linspace(0, plan.offsets_ns[-1] / 1e9, 41)
    law = law_rate(plan, edges)
    assert law is not None
    law = np.nan_to_num(law)
    counts, _ = np.histogram(plan.offsets_ns / 1e9, edges)
    expected = law * np.diff(edges)
    # Chance moves a count of Poisson arrivals by its square root, those of CV 1.4 by 1.4 of that.
    spread = np.sqrt(np.maximum(expected, 1.0)) / math.sqrt(min(config.burstiness, 1.0))
    inner = slice(1, -1)
    assert (np.abs(counts - expected)[inner] < 5 * spread[inner] + 5).all()


def test_gaps_in_the_time_of_the_law_have_its_mean_and_spread(moving: tuple[RunConfig, Plan]) -> None:
    _, plan = moving
    unit = operational(plan)
    assert unit is not None
    assert np.diff(unit).mean() == pytest.approx(1.0, abs=0.03)
    facts = plan_facts(plan)
    assert facts["gap_cv"] == pytest.approx(facts["law_gap_cv"], abs=0.05)
    assert facts["gap_ks"] < facts["gap_ks_limit"]
    gaps = planned_gaps(plan)
    assert gaps is not None
    assert gaps.law is not None
    assert gaps.counts.sum() + gaps.beyond == REQUESTS - 1
    # What the law expects in the bars and behind them is everything.
    assert gaps.law.sum() == pytest.approx(REQUESTS - 1, rel=0.01)
    assert np.abs(gaps.counts - gaps.law).max() < 5 * np.sqrt(gaps.law.max())


def test_constant_gaps_are_one_bar() -> None:
    _, plan = planned(rate=50.0, burstiness=math.inf)
    gaps = planned_gaps(plan)
    assert gaps is not None
    assert gaps.law is not None
    assert np.count_nonzero(gaps.counts) == 1
    assert (gaps.counts > 0).tolist() == (gaps.law > 0).tolist()
    assert plan_facts(plan)["law_gap_cv"] == 0


def test_bursts_have_a_rate_and_no_law_of_gaps() -> None:
    _, plan = planned(burst="50x10s")
    rate = planned_rate(plan)
    assert rate.law is not None
    assert rate.planned.max() * rate.width_s >= 50
    gaps = planned_gaps(plan)
    assert gaps is not None
    assert gaps.law is None
    facts = plan_facts(plan)
    assert (facts["law"], facts["most_in_a_second"], facts["gap_cv"]) == ("burst", 50, None)


def test_a_trace_is_its_own_law() -> None:
    offsets = np.sort(np.random.default_rng(1).integers(0, 60 * 10**9, 500))
    plan = Plan(500, 500, offsets, Trace(offsets))
    assert planned_rate(plan).law is None
    assert plan_facts(plan)["law"] == "trace"
    gaps = planned_gaps(plan)
    assert gaps is not None
    assert gaps.counts.sum() + gaps.beyond == 499


def test_one_request_has_no_gap_and_no_rate() -> None:
    offsets = np.zeros(1, np.int64)
    plan = Plan(1, 1, offsets, Trace(offsets))
    assert planned_gaps(plan) is None
    assert plan_facts(plan)["mean_rps"] is None


def test_a_moving_average_keeps_what_is_constant_and_the_sum_inside() -> None:
    assert moving_average(np.full(10, 3.0), 5) == pytest.approx(np.full(10, 3.0))
    values = np.array([0.0, 0, 0, 9, 0, 0, 0])
    assert moving_average(values, 3) == pytest.approx([0, 0, 3, 3, 3, 0, 0])
    assert moving_average(np.array([4.0, 0, 0]), 3) == pytest.approx([2, 4 / 3, 0])
