"""What holds for every arrival law, whatever it is: one interface, and figures that agree with each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aisbench.config.run_config import RunConfig
from aisbench.workload.arrivals.gaps import Gaps
from aisbench.workload.arrivals.law import ArrivalLaw
from aisbench.workload.arrivals.ramp import Ramp
from aisbench.workload.arrivals.reading import burst, sine, steps
from aisbench.workload.arrivals.steady import Steady
from aisbench.workload.arrivals.trace import Trace

COUNT = 4000
RECORDED = np.sort(np.random.default_rng(3).integers(0, 40 * 10**9, COUNT))
LAWS: dict[str, ArrivalLaw] = {
    "constant": Steady(100.0, Gaps(math.inf)),
    "poisson": Steady(100.0),
    "gamma": Steady(100.0, Gaps(0.5)),
    "rising": Ramp("linear", 20.0, 300.0),
    "falling": Ramp("exponential", 300.0, 20.0),
    "steps": steps("50x20s,200x10s"),
    "sine": sine("100,80,40s"),
    "burst": burst("50x1s"),
    "trace": Trace(RECORDED),
}


@pytest.fixture(params=LAWS)
def law(request: pytest.FixtureRequest) -> ArrivalLaw:
    return LAWS[request.param]


def test_a_plan_ascends_and_is_the_same_each_time(law: ArrivalLaw) -> None:
    offsets = law.offsets_ns(COUNT)
    assert len(offsets) == COUNT
    assert (np.diff(offsets) >= 0).all()
    assert np.array_equal(offsets, law.offsets_ns(COUNT))


def test_as_many_are_expected_as_leave(law: ArrivalLaw) -> None:
    offsets = law.offsets_ns(COUNT) / 1e9
    times = np.linspace(0, offsets[-1], 20)[1:-1]
    left = np.searchsorted(offsets, times, side="right")
    spread = 1 / math.sqrt(min(law.gap_shape or math.inf, 1.0))
    assert np.abs(law.expected(times, COUNT) - left).max() <= 5 * spread * math.sqrt(COUNT)


def test_no_rate_is_above_the_highest(law: ArrivalLaw) -> None:
    edges = np.linspace(0, law.offsets_ns(COUNT)[-1] / 1e9, 500)
    rates = law.rate_at(edges, COUNT)
    if rates is None:
        assert law.name == "trace"
    elif law.name != "burst":
        assert np.nanmax(rates) <= law.peak_rate * (1 + 1e-9)
        assert np.nanmax(rates) >= 0.9 * law.peak_rate


def test_only_a_steady_law_has_one_rate(law: ArrivalLaw) -> None:
    assert law.steady_rate == (law.peak_rate if isinstance(law, Steady) else None)


def test_gaps_in_the_time_of_a_law_have_its_spread(law: ArrivalLaw) -> None:
    unit = law.unit_times(law.offsets_ns(COUNT))
    if law.gap_shape is None:
        assert unit is None
        return
    assert unit is not None
    gaps = np.diff(unit)
    assert gaps.mean() == pytest.approx(1.0, abs=0.05)
    assert gaps.std() == pytest.approx(1 / math.sqrt(law.gap_shape), abs=0.1)


@pytest.mark.parametrize("duration", [5.0, 15.0])
def test_within_a_time_fit_those_that_are_expected_by_then(law: ArrivalLaw, duration: float) -> None:
    count = law.count_within(duration)
    assert law.expected(np.array([duration]), count)[0] == pytest.approx(count, abs=1)


def test_a_config_makes_its_law_once() -> None:
    config = RunConfig(rate_steps="10x30s,20x30s", seed=7, burstiness=0.5)
    law = config.arrival_law
    assert law is config.arrival_law
    assert law == steps("10x30s,20x30s", Gaps(0.5, 7))
    assert RunConfig(concurrency=3).arrival_law is None
