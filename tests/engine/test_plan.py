"""When requests are due: the command line stands above a data set's own times."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import yaml

from aisbench.config.run_config import RunConfig
from aisbench.engine.asked import Asked
from aisbench.engine.plan import Plan, make_plan, plan_notes, workload_options
from aisbench.engine.preparation import connections_ahead
from aisbench.records.folder import RunDirectory
from aisbench.workload.prompts import Prompts

RECORDED = np.array([0, 1_000_000_000, 5_000_000_000], dtype=np.int64)


def planned(**given: Any) -> Plan:
    return make_plan(RunConfig(**given), Prompts(iter(()), 3, arrivals_ns=RECORDED))


def test_recorded_times_are_followed_unless_a_rate_is_given() -> None:
    for given in ({}, {"concurrency": 2}):
        plan = planned(**given)
        assert plan.is_trace
        assert plan.offsets_ns.tolist() == RECORDED.tolist()
        notes = plan_notes(RunConfig(**given), plan)  # type: ignore[arg-type]
        assert any("--rate inf replays it in a closed loop" in note for note in notes) is bool(given)
    plan = planned(rate=10.0)
    assert not plan.is_trace
    assert plan.offsets_ns.tolist() != RECORDED.tolist()


@pytest.mark.parametrize("concurrency", [None, 2])
def test_an_infinite_rate_replays_in_closed_loop(concurrency: int | None) -> None:
    plan = planned(rate=math.inf, concurrency=concurrency)
    assert not plan.is_trace
    assert len(plan.offsets_ns) == (concurrency or 0)
    assert (plan.limit, plan.requests) == (3, 3)


def test_a_data_set_is_told_whether_its_times_are_wanted() -> None:
    for given, wanted in (
        ({}, True),
        ({"concurrency": 2}, True),
        ({"rate": math.inf}, False),
        ({"rate": 3.0}, False),
        ({"burst": "5x10s"}, False),
        ({"stress": True, "concurrency": 2}, False),
    ):
        assert workload_options(RunConfig(**given), "m").own_times is wanted


def test_a_run_folder_repeats_what_was_given(tmp_path: Path) -> None:
    for given, kept in (({}, None), ({"rate": math.inf}, "inf"), ({"rate": 2.0}, 2.0)):
        folder = RunDirectory(tmp_path)
        folder.write_config(RunConfig(**given))  # type: ignore[arg-type]
        assert yaml.safe_load((tmp_path / "config.yaml").read_text()).get("rate") == kept
        assert RunConfig(**given).as_dict()["rate"] == (kept or "inf")  # type: ignore[arg-type]


@pytest.mark.parametrize(("start", "end"), [(2.0, 40.0), (40.0, 2.0)])
def test_connections_are_made_for_the_highest_rate_of_a_ramp(start: float, end: float) -> None:
    config = RunConfig(ramp_up="linear", ramp_from=start, ramp_to=end)
    plan = make_plan(config, Prompts(iter(()), 500))
    asked = cast(
        "Asked", SimpleNamespace(config=config, workers=1, transport=SimpleNamespace(keep_alive=True))
    )
    assert connections_ahead(asked, plan, share=1000) == 2 * 40
