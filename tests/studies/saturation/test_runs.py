"""What a search takes from its first look at the server."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisbench.analysis.backlog import Flow
from aisbench.config.run_config import RunConfig
from aisbench.studies.saturation.runs import (
    expected_e2el_s,
    reference_config,
    sounded,
    sounding_config,
    step_config,
)
from aisbench.studies.saturation.step import Point, Sample


def measured(completed: int, e2el_ms: list[float]) -> Sample:
    return Sample(
        seconds=15.0,
        latencies={"ttft": np.full(len(e2el_ms), 100.0), "tpot": np.zeros(0), "e2el": np.array(e2el_ms)},
        due=len(e2el_ms),
        failed=0,
        good=0,
        completed=completed,
        output_tokens=0,
        in_flight_mean=64.0,
        flow=Flow.none(),
    )


def test_a_slow_server_is_sounded_though_no_request_both_began_and_ended() -> None:
    # 64 in flight at 4 requests/s: each takes 16 s, and the measured half is 15 s long.
    found = sounded(measured(60, [np.inf] * 64))
    assert found == pytest.approx((4.0, 16.0))


def test_a_server_that_answers_nothing_is_not() -> None:
    assert sounded(measured(0, [np.inf] * 64)) is None


def test_the_sounding_of_a_closed_loop_is_at_its_first_load() -> None:
    # At 64 in flight a server of 4 requests/s takes 16 s each, and steps for 8 in flight would be as long.
    assert sounding_config(RunConfig(), 8.0, open_loop=False).concurrency == 8
    assert sounding_config(RunConfig(), 8.0, open_loop=True).concurrency == 64
    assert sounding_config(RunConfig(concurrency=20), 8.0, open_loop=True).concurrency == 20


def test_the_e2el_to_expect_is_the_least_bound_of_what_was_seen() -> None:
    sounding = {"in_flight": 16, "mean_e2el_s": 4.0}
    assert expected_e2el_s(8, sounding, []) == 4.0
    assert expected_e2el_s(64, sounding, []) == 16.0
    # 32 in flight at 8 requests/s took 4 s as well: the server was not full yet.
    point = Point.of(32.0, False, [replace(measured(120, [4000.0] * 120), in_flight_mean=32.0)], ())
    assert point.throughput == pytest.approx(8.0)
    assert expected_e2el_s(64, sounding, [point]) == pytest.approx(8.0)


def test_the_measured_half_of_a_step_begins_with_the_questions_of_the_reference() -> None:
    scored = RunConfig(score=True, dataset="gsm8k", dataset_path="gsm8k", first_question=7)
    alone = reference_config(scored)
    assert (alone.concurrency, alone.first_question) == (1, 7)
    step = step_config(scored, 10.0, 20.0, 1, None, open_loop=True)
    # Request 100 of 200 asks question 7.
    assert (step.num_requests, step.first_question + 100) == (200, 7)
    # In closed loop the whole step counts, and nobody knows how many requests it will have.
    assert step_config(scored, 8.0, 20.0, 1, None, open_loop=False).first_question == 7
    assert step_config(RunConfig(), 10.0, 20.0, 1, None, open_loop=True).first_question == 0
