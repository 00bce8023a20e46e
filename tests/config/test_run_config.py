from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from aisbench.config.run_config import RunConfig
from aisbench.engine import limits
from aisbench.engine.coordinator import Coordinator
from aisbench.engine.plan import START_SPACING_NS, bodies_wanted, make_plan
from aisbench.errors import BadInput
from aisbench.workload.prompts import Conversations, Prompts


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
def test_the_arrival_process_follows_from_rate_and_shape(
    options: dict[str, Any], name: str, shape: float
) -> None:
    config = RunConfig(**options)
    config.check()
    law = config.arrival_law
    assert ("inf" if law is None else law.name, config.shape) == (name, shape)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"rate": 5.0, "arrival": "poisson", "burstiness": 2.0}, "contradict"),
        ({"rate": 5.0, "ramp_up": "linear", "ramp_from": 1.0, "ramp_to": 2.0}, "leave out --rate"),
        ({"ramp_up": "quadratic", "ramp_from": 1.0, "ramp_to": 2.0}, "exponential"),
        ({"ramp_from": 1.0}, "--ramp-up"),
        ({"late": "drop"}, "drop:MS"),
        ({"ttft_at": "end"}, "first-chunk"),
        ({"percentile_metrics": ("speed",)}, "e2el"),
        ({"seed": 2**32}, "--seed"),
        ({"slice_s": 0.0}, "--slice must be at least 0.1 seconds, got 0"),
        ({"slice_s": math.inf}, "--slice must be at least 0.1 seconds, got inf"),
    ],
)
def test_contradictions_are_named(options: dict[str, Any], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        RunConfig(**options).check()


def test_a_key_is_never_kept() -> None:
    assert "api_key" not in RunConfig(api_key="secret").as_dict()
    assert RunConfig().as_dict()["rate"] == "inf"


def prompts(count: int, **more: Any) -> Prompts:
    return Prompts(iter(()), count, **more)


def test_a_closed_loop_starts_gently_and_then_sends_as_requests_end() -> None:
    plan = make_plan(RunConfig(concurrency=4, num_requests=10), prompts(10))
    assert (plan.limit, plan.requests) == (10, 10)
    assert plan.offsets_ns.tolist() == [0, START_SPACING_NS, 2 * START_SPACING_NS, 3 * START_SPACING_NS]


def test_as_vllm_s_client_a_closed_loop_starts_at_once() -> None:
    plan = make_plan(RunConfig(concurrency=4, num_requests=10, compat="vllm"), prompts(10))
    assert plan.offsets_ns.tolist() == [0, 0, 0, 0]


def test_a_closed_loop_bounded_by_time_has_no_last_slot() -> None:
    config = RunConfig(concurrency=4, duration_s=5.0)
    assert bodies_wanted(config) is None
    assert (make_plan(config, prompts(1000)).limit, make_plan(config, prompts(1000)).requests) == (-1, -1)


def test_an_open_loop_bounded_by_time_has_as_many_slots_as_fit() -> None:
    config = RunConfig(rate=20.0, duration_s=5.0)
    assert bodies_wanted(config) == 100
    plan = make_plan(config, prompts(100))
    assert plan.limit == plan.requests == len(plan.offsets_ns) == 100
    assert plan.offsets_ns[-1] == pytest.approx(5e9)
    assert bodies_wanted(RunConfig(rate=20.0, duration_s=5000.0)) is None


def test_a_trace_brings_its_times_unless_a_rate_is_asked_for() -> None:
    made = prompts(3, arrivals_ns=np.array([0, 5, 9]))
    assert make_plan(RunConfig(), made).offsets_ns.tolist() == [0, 5, 9]
    assert make_plan(RunConfig(rate=1.0), made).offsets_ns[-1] == 3_000_000_000


def test_conversations_are_slots_and_their_turns_are_requests() -> None:
    talks = Conversations(np.array([0, 3, 5]), np.zeros(5, np.int64))
    plan = make_plan(RunConfig(rate=1.0), prompts(5, conversations=talks))
    assert (plan.limit, plan.requests, len(plan.offsets_ns)) == (2, 5, 2)


def test_arrivals_go_on_where_the_data_set_left_the_generator() -> None:
    used = np.random.RandomState(7)
    used.gamma(1.0)
    fresh = make_plan(RunConfig(rate=1.0, seed=7), prompts(5))
    later = make_plan(RunConfig(rate=1.0, seed=7), prompts(5, legacy_random=used))
    assert fresh.offsets_ns.tolist() != later.offsets_ns.tolist()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"stream": False, "goodput": {"ttft": 5.0}},
            "--goodput ttft needs streamed answers, which --no-stream",
        ),
        (
            {"backend": "openai-embeddings", "goodput": {"tpot": 5.0}},
            "which --backend openai-embeddings does not have",
        ),
    ],
)
def test_goodput_asks_for_nothing_that_is_not_seen(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Coordinator(RunConfig(**options), command=[], say=print, tick=lambda _: None)
    Coordinator(RunConfig(stream=False, goodput={"e2el": 5.0}), command=[], say=print, tick=lambda _: None)


@pytest.mark.parametrize(
    ("options", "workers"),
    [
        ({"rate": 50_000.0}, 10),
        ({"ramp_up": "linear", "ramp_from": 1.0, "ramp_to": 50_000.0}, 10),
        ({"ramp_up": "linear", "ramp_from": 50_000.0, "ramp_to": 1.0}, 10),
        ({"rate_steps": "10x30s,50000x30s"}, 10),
        ({"rate_sine": "30000,20000,60"}, 10),
        ({"burst": "50000x1s"}, 10),
        ({"rate_steps": "10x30s,20x30s"}, 1),
        ({"concurrency": 8}, 1),
    ],
)
def test_default_workers_are_enough_for_the_highest_rate_of_the_plan(
    options: dict[str, Any], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "cpus", lambda: 16)
    config = RunConfig(**options)
    config.check()
    assert limits.default_workers(config.concurrency, config.arrival_law) == workers
