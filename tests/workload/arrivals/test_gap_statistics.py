"""Whether a process is what was asked for: seen where it is, and where it is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aisbench.workload.arrivals.gap_statistics import gap_statistics
from aisbench.workload.arrivals.gaps import Gaps
from aisbench.workload.arrivals.law import NS
from aisbench.workload.arrivals.steady import Steady


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0, 50.0, 700.0, math.inf])
def test_a_plan_passes_as_what_was_asked_for(shape: float) -> None:
    plan = Steady(500, Gaps(shape, 11)).offsets_ns(20_000)
    found = gap_statistics(plan, shape=shape, rate_rps=500)
    assert found is not None
    wanted_cv = 0.0 if math.isinf(shape) else 1 / math.sqrt(shape)
    assert found.count == 19_999
    assert found.rate_rps == pytest.approx(500, rel=0.01)
    assert found.cv == pytest.approx(wanted_cv, rel=0.05, abs=1e-6)
    assert found.ks < found.ks_limit
    # A renewal process's index of dispersion tends to the squared CV; ten mean gaps are on the way there.
    assert found.dispersion == pytest.approx(wanted_cv**2, rel=0.25, abs=0.03)


@pytest.mark.parametrize(
    ("sent", "asked"), [(math.inf, 1.0), (1.0, math.inf), (0.3, 1.0), (1.0, 3.0), (20.0, 2.0)]
)
def test_another_process_than_the_asked_one_is_seen(sent: float, asked: float) -> None:
    found = gap_statistics(Steady(100, Gaps(sent, 2)).offsets_ns(5000), shape=asked)
    assert found is not None
    assert found.ks > 2 * found.ks_limit


def test_one_seed_in_four_workers_shows_in_the_dispersion() -> None:
    """Four processes of one seed repeat each gap four times: right rate, right gaps, wrong process."""
    one = Steady(100, Gaps(seed=4)).offsets_ns(5000)
    found = gap_statistics(np.repeat(one, 4), shape=1.0)
    assert found is not None
    assert found.dispersion > 2.5
    assert found.cv > 1.8
    assert found.ks > 2 * found.ks_limit


def test_late_timers_are_not_taken_for_another_law() -> None:
    plan = Steady(500, Gaps(math.inf)).offsets_ns(5000)
    late = plan + np.random.default_rng(0).integers(0, 60_000, size=5000)
    found = gap_statistics(late, shape=math.inf)
    assert found is not None
    assert found.ks < found.ks_limit


@pytest.mark.parametrize("times", [[], [5], [5, 6], [7, 7, 7]])
def test_too_little_to_judge(times: list[int]) -> None:
    assert gap_statistics(np.array(times, dtype=np.int64), shape=1.0) is None


def test_a_short_run_has_no_dispersion() -> None:
    found = gap_statistics(np.arange(50) * NS, shape=math.inf)
    assert found is not None
    assert math.isnan(found.dispersion)
