"""The search against servers whose capacity is known, by chance and without."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.analysis import backlog
from aisbench.analysis.backlog import STRETCHES, Flow
from aisbench.studies.saturation.knee import Curve
from aisbench.studies.saturation.search import KNEE_RATIO, Bracket, Plan, informed, next_load
from aisbench.studies.saturation.step import Point, Sample
from aisbench.studies.slo.terms import parse_slo

SLO = parse_slo("error_rate<0.01")
SECONDS = 30.0


def sample(load: float, capacity: float, generator: np.random.Generator, noise: float) -> Sample:
    """What a step of SECONDS at `load` requests/s shows of a server that does `capacity`; `noise`, relative, is that
    of arrivals and, a fifth of it, of what the server ends."""
    due = load * (1 + noise * generator.normal(size=STRETCHES))
    swing = noise / 5 * min(load, capacity) * generator.normal(size=STRETCHES)
    ended = np.minimum(due, capacity) + swing
    return Sample(
        seconds=SECONDS,
        latencies={name: np.full(1000, 100.0) for name in ("ttft", "tpot", "e2el")},
        due=1000,
        failed=0,
        good=1000,
        completed=round(ended.mean() * SECONDS),
        output_tokens=0,
        in_flight_mean=load * 0.1,
        flow=Flow(due, ended),
    )


def searched(plan: Plan, capacity: float, *, noise: float, seed: int = 0) -> tuple[list[Point], int]:
    """All points of a search, and how many runs it took."""
    generator = np.random.default_rng(seed)
    samples: dict[float, list[Sample]] = {}
    for runs in range(100):
        points = informed([Point.of(load, True, seen, SLO) for load, seen in samples.items()])
        load = next_load(plan, points).load
        if load is None:
            return points, runs
        samples.setdefault(load, []).append(sample(load, capacity, generator, noise))
    raise AssertionError("the search does not end")


@given(capacity=st.floats(0.5, 5000), start=st.floats(0.5, 5000), seed=st.integers(0, 1000))
def test_the_search_ends_close_to_the_capacity(capacity: float, start: float, seed: int) -> None:
    plan = Plan("rate", start, 0.03, 3)
    points, runs = searched(plan, capacity, noise=0.005, seed=seed)
    bracket = Bracket.of(points)
    if bracket.low is None:
        # So little load that requests hardly meet: the search does not go below that.
        assert bracket.high is not None
        assert bracket.high.is_lone
        return
    assert bracket.low.load == pytest.approx(capacity, rel=0.05)
    assert runs < 40


def test_a_search_without_chance_takes_few_runs() -> None:
    points, runs = searched(Plan("rate", 40, 0.03, 3), 58.5, noise=0.0)
    bracket = Bracket.of(points)
    assert bracket.low is not None
    assert bracket.high is not None
    assert bracket.low.load <= 58.5 < bracket.high.load <= bracket.low.load * 1.03
    assert runs <= 7


def test_no_load_above_the_highest_allowed_is_tried() -> None:
    points, _ = searched(Plan("rate", 10, 0.03, 1, most=50), 1000, noise=0.0)
    assert max(point.load for point in points) == 50


def test_a_list_of_loads_is_measured_in_rounds() -> None:
    points, runs = searched(Plan("rate", 10, 0.03, 2, loads=(10, 30, 20)), 25, noise=0.0)
    assert runs == 6
    assert {point.load: (point.runs, point.passes) for point in points} == {
        10: (2, True),
        30: (2, False),
        20: (2, True),
    }


def unsure_at(load: float, completed_per_s: float) -> Point:
    """A step that cannot tell whether its queue grows."""
    shown = sample(load, 1000, np.random.default_rng(3), 0.0)
    done = completed_per_s + np.array([9.0, -9.0] * (STRETCHES // 2))
    unsure = replace(shown, flow=Flow(np.full(STRETCHES, load), done))
    return Point.of(load, True, [unsure], SLO)


def overloaded() -> Point:
    """Of a server that did 50 requests/s then."""
    return Point.of(100, True, [sample(100, 50, np.random.default_rng(3), 0.0)], SLO)


def test_above_the_known_capacity_a_load_needs_clear_proof() -> None:
    lone = unsure_at(53, 53)
    assert lone.passes
    assert not lone.clear
    told = informed([overloaded(), lone])[1]
    assert told.capacity == pytest.approx(50)
    assert told.beyond
    assert not told.passes
    sure = sample(53, 1000, np.random.default_rng(3), 0.0)
    assert informed([overloaded(), Point.of(53, True, [sure], SLO)])[1].passes


def test_a_server_that_overload_slows_down_is_judged_by_its_queue_alone() -> None:
    assert informed([overloaded(), unsure_at(70, 70)])[1].passes
    assert informed([overloaded(), unsure_at(53, 53)], sounded=60.0)[1].passes
    assert not informed([overloaded(), unsure_at(53, 53)], sounded=54.0)[1].passes


def test_growth_that_more_load_does_not_show_was_chance() -> None:
    falling_behind = Point.of(50, True, [sample(50, 48, np.random.default_rng(3), 0.0)], SLO)
    keeping_up = Point.of(75, True, [sample(75, 1000, np.random.default_rng(3), 0.0)], SLO)
    assert not falling_behind.passes
    refuted, _ = informed([falling_behind, keeping_up])
    assert refuted.passes
    assert refuted.clear
    # One that cannot tell refutes nothing.
    assert not informed([falling_behind, unsure_at(55, 55)])[0].passes


def test_a_queue_that_grew_a_little_is_proved_by_more_load() -> None:
    """The first load fails by 4 %, which no other has shown: more would have to fail by more."""
    plan = Plan("rate", 50, 0.03, 1)
    falling_behind = Point.of(50, True, [sample(50, 48, np.random.default_rng(3), 0.0)], SLO)
    assert next_load(plan, informed([falling_behind])).load == 75
    overloaded_by_far = Point.of(50, True, [sample(50, 30, np.random.default_rng(3), 0.0)], SLO)
    assert next_load(plan, informed([overloaded_by_far])).load == pytest.approx(25, rel=0.2)


def test_more_requests_in_flight_are_tried_until_they_bring_nothing() -> None:
    plan = Plan("concurrency", 4, 0.03, 1)
    points: list[Point] = []
    loads = []
    while (load := next_load(plan, points).load) is not None:
        loads.append(load)
        throughput = min(load, 20) * 2.0
        points.append(Point(load, False, 1, 10, (), None, 0.0, throughput, 0, None, 0, load, {}))
    assert loads == [4, 8, 16, 32, 64]
    assert math.isinf(plan.most)


def queueing_point(load: float, capacity: float, *, open_loop: bool) -> Point:
    """Of a server with one queue (M/M/1 in open loop): the power is greatest at half of its capacity."""
    busy = min(load / capacity, 0.999)
    e2el_ms = 1e3 / capacity / (1 - busy)
    latencies = {"e2el_ms": {"mean": e2el_ms, "count": 100.0}}
    flow = Flow(np.full(STRETCHES, load), np.full(STRETCHES, min(load, capacity)))
    growth = backlog.growth(flow, load)
    return Point(
        load=load,
        open_loop=open_loop,
        runs=1,
        seconds=10,
        held=(),
        growth=growth,
        done_per_s=min(load, capacity),
        throughput=min(load, capacity),
        output_throughput=0,
        goodput=None,
        error_rate=0,
        in_flight_mean=busy / (1 - busy),
        latencies=latencies,
    )


@pytest.mark.parametrize("start", [3.0, 20.0, 55.0, 99.0, 400.0])
def test_the_curve_goes_down_until_it_shows_its_knee(start: float) -> None:
    plan = Plan("rate", start, 0.03, 1)
    points: list[Point] = []
    while (load := next_load(plan, informed(points)).load) is not None:
        assert load not in [point.load for point in points]
        points.append(queueing_point(load, 100.0, open_loop=True))
    knee = Curve.of(points).knee
    assert knee is not None
    low, high = knee.between
    assert low is not None
    assert high is not None
    assert low <= 50 <= high
    assert knee.load <= low * KNEE_RATIO
    assert len(points) < 20


def test_a_lone_request_is_a_knee_that_nothing_lies_below() -> None:
    """In closed loop of a server that has one request at a time, more in flight only wait."""
    plan = Plan("concurrency", 4, 0.03, 1)
    points: list[Point] = []
    while (load := next_load(plan, points).load) is not None:
        e2el_ms = {"e2el_ms": {"mean": 100.0 * load, "count": 100.0}}
        points.append(Point(load, False, 1, 10, (), None, 0.0, 10.0, 0, None, 0, load, e2el_ms))
    assert sorted(point.load for point in points) == [1, 2, 4, 8]
    knee = Curve.of(points).knee
    assert knee is not None
    assert knee.load == 1
    assert knee.between == (None, 2)
