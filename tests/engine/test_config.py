from __future__ import annotations

import math

import pytest

from aisbench.engine.config import RunConfig
from aisbench.engine.plan import BODIES_OF_TIMED_RUN, START_SPACING_NS, make_plan
from aisbench.errors import BadInput


@pytest.mark.parametrize(
    ("options", "name", "shape"),
    [
        ({}, "inf", 1.0),
        ({"rate": 5.0}, "poisson", 1.0),
        ({"rate": 5.0, "burstiness": 0.5}, "gamma", 0.5),
        ({"rate": 5.0, "burstiness": math.inf}, "constant", math.inf),
        ({"rate": 5.0, "arrival": "constant"}, "constant", math.inf),
        ({"ramp_up": "linear", "ramp_from": 1.0, "ramp_to": 9.0}, "poisson", 1.0),
    ],
)
def test_the_arrival_process_follows_from_rate_and_shape(options: dict, name: str, shape: float) -> None:
    config = RunConfig(**options)
    config.check()
    assert (config.arrival_name, config.shape) == (name, shape)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"rate": 5.0, "arrival": "poisson", "burstiness": 2.0}, "contradict"),
        ({"rate": 5.0, "ramp_up": "linear", "ramp_from": 1.0, "ramp_to": 2.0}, "leave --rate out"),
        ({"ramp_up": "quadratic", "ramp_from": 1.0, "ramp_to": 2.0}, "exponential"),
        ({"ramp_from": 1.0}, "--ramp-up"),
        ({"late": "drop"}, "drop:MS"),
        ({"ttft_at": "end"}, "first-chunk"),
        ({"percentile_metrics": ("speed",)}, "e2el"),
        ({"seed": 2**32}, "--seed"),
    ],
)
def test_contradictions_are_named(options: dict, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        RunConfig(**options).check()


def test_a_key_is_never_kept() -> None:
    assert "api_key" not in RunConfig(api_key="secret").as_dict()
    assert RunConfig().as_dict()["rate"] == "inf"


def test_a_closed_loop_starts_gently_and_then_sends_as_requests_end() -> None:
    plan = make_plan(RunConfig(concurrency=4, num_requests=10))
    assert (plan.limit, plan.bodies) == (10, 10)
    assert plan.offsets_ns.tolist() == [0, START_SPACING_NS, 2 * START_SPACING_NS, 3 * START_SPACING_NS]


def test_a_closed_loop_bounded_by_time_has_no_last_slot() -> None:
    plan = make_plan(RunConfig(concurrency=4, duration_s=5.0))
    assert (plan.limit, plan.bodies) == (-1, BODIES_OF_TIMED_RUN)


def test_an_open_loop_bounded_by_time_has_as_many_slots_as_fit() -> None:
    plan = make_plan(RunConfig(rate=20.0, duration_s=5.0))
    assert plan.limit == len(plan.offsets_ns) == 100
    assert plan.offsets_ns[-1] == pytest.approx(5e9)
