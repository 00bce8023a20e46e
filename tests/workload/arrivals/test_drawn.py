"""Arrival plans: vLLM's offsets, and what holds for any plan."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.errors import BadInput
from aisbench.workload.arrivals.drawn import (
    NS,
    Ramp,
    arrival_offsets_ns,
    gap_statistics,
    plan_fingerprint,
    requests_within,
)

GOLDEN = json.loads((Path(__file__).parent / "vllm_arrivals.json").read_text())["cases"]

rates = st.floats(0.01, 100_000)
shapes = st.one_of(st.floats(0.05, 1000), st.sampled_from([1.0, math.inf]))
counts = st.integers(1, 300)
seeds = st.integers(0, 2**32 - 1)
ramps = st.builds(
    Ramp, st.sampled_from(["linear", "exponential"]), st.floats(0.1, 1000), st.floats(0.1, 1000)
)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"seed{case['seed']}")
def test_offsets_are_those_of_vllm_within_a_microsecond(case: dict[str, Any]) -> None:
    offsets = arrival_offsets_ns(
        case["count"],
        rate_rps=case["rate_rps"],
        burstiness=case["burstiness"],
        seed=case["seed"],
        ramp=Ramp(**case["ramp"]) if case["ramp"] else None,
    )
    assert offsets.dtype == np.int64
    assert np.abs(offsets - np.array(case["offsets_ns"])).max() <= 1000


@given(counts, rates, shapes, seeds)
def test_a_plan_ascends_and_ends_at_count_over_rate(count: int, rate: float, shape: float, seed: int) -> None:
    offsets = arrival_offsets_ns(count, rate_rps=rate, burstiness=shape, seed=seed)
    assert len(offsets) == count
    assert offsets[0] >= 0
    assert (np.diff(offsets) >= 0).all()
    assert offsets[-1] == pytest.approx(count / rate * NS, rel=1e-12, abs=1)


@given(counts, shapes, seeds, ramps)
def test_a_ramp_ascends_too(count: int, shape: float, seed: int, ramp: Ramp) -> None:
    offsets = arrival_offsets_ns(count, rate_rps=math.inf, burstiness=shape, seed=seed, ramp=ramp)
    assert len(offsets) == count
    assert offsets[0] >= 0
    assert (np.diff(offsets) >= 0).all()


def test_an_infinite_rate_sends_all_at_once() -> None:
    assert arrival_offsets_ns(5, rate_rps=math.inf).tolist() == [0] * 5


def test_infinite_burstiness_is_a_constant_rate() -> None:
    offsets = arrival_offsets_ns(4, rate_rps=10, burstiness=math.inf, seed=9)
    assert offsets.tolist() == [100_000_000, 200_000_000, 300_000_000, 400_000_000]


def test_a_constant_ramp_follows_its_rates_and_is_not_stretched() -> None:
    linear = arrival_offsets_ns(3, rate_rps=math.inf, burstiness=math.inf, ramp=Ramp("linear", 1, 4))
    assert linear.tolist() == pytest.approx([1e9, 1.4e9, 1.65e9])
    exponential = arrival_offsets_ns(
        3, rate_rps=math.inf, burstiness=math.inf, ramp=Ramp("exponential", 1, 4)
    )
    assert exponential.tolist() == pytest.approx([1e9, 1.5e9, 1.75e9])


def test_the_plan_neither_reads_nor_moves_the_global_generator() -> None:
    np.random.seed(1)
    first = arrival_offsets_ns(100, rate_rps=5, seed=3)
    np.random.seed(2)
    before = np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]
    again = arrival_offsets_ns(100, rate_rps=5, seed=3)
    assert first.tolist() == again.tolist()
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index, union-attr]


@pytest.mark.parametrize(
    ("count", "rate", "shape", "named"),
    [
        (10**9, 1.0, 1.0, "--num-requests"),
        (1000, 1e-12, 1.0, "--rate"),
        (10, 1.0, 1e-300, "--burstiness"),
        (10, 1.0, 1e-5, "--burstiness"),
    ],
)
def test_plans_that_cannot_be_are_refused_by_flag(count: int, rate: float, shape: float, named: str) -> None:
    with pytest.raises(BadInput, match=named) as refused:
        arrival_offsets_ns(count, rate_rps=rate, burstiness=shape, seed=0)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("duration", "rate", "count"), [(10, 50, 500), (0.29, 100, 29), (0.3, 10, 3), (2.5, 1, 2), (0.1, 1, 1)]
)
def test_requests_within_a_duration_at_a_rate(duration: float, rate: float, count: int) -> None:
    assert requests_within(duration, rate_rps=rate) == count


@given(st.floats(0.1, 300), ramps)
def test_requests_within_a_duration_on_a_ramp_are_the_most_that_fit(duration: float, ramp: Ramp) -> None:
    count = requests_within(duration, rate_rps=math.inf, ramp=ramp)
    plan = arrival_offsets_ns(count, rate_rps=math.inf, burstiness=math.inf, ramp=ramp)
    assert ramp.span_s(count + 1) > duration
    if count > 1:
        assert ramp.span_s(count) <= duration
        assert plan[-1] == pytest.approx(ramp.span_s(count) * NS, rel=1e-5, abs=1)


@pytest.mark.parametrize(
    "ramp", [Ramp("linear", 2, 200), Ramp("exponential", 200, 2), Ramp("linear", 5, 5)], ids=str
)
def test_the_span_of_a_long_ramp_agrees_with_its_sum(ramp: Ramp) -> None:
    count = 150_000
    assert ramp.span_s(count) == pytest.approx((1 / ramp.rates(count)).sum(), rel=1e-6)


def test_too_long_a_duration_is_refused_by_flag() -> None:
    with pytest.raises(BadInput, match="--duration"):
        requests_within(1e9, rate_rps=1e6)


def test_the_fingerprint_is_a_plain_sha256_of_the_offsets() -> None:
    offsets = np.array([1, 2, 3_000_000_000])
    assert plan_fingerprint(offsets) == hashlib.sha256(struct.pack("<3q", *offsets.tolist())).hexdigest()


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0, 50.0, 700.0, math.inf])
def test_a_plan_passes_as_what_was_asked_for(shape: float) -> None:
    plan = arrival_offsets_ns(20_000, rate_rps=500, burstiness=shape, seed=11)
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
    found = gap_statistics(arrival_offsets_ns(5000, rate_rps=100, burstiness=sent, seed=2), shape=asked)
    assert found is not None
    assert found.ks > 2 * found.ks_limit


def test_one_seed_in_four_workers_shows_in_the_dispersion() -> None:
    """Four processes of one seed repeat each gap four times: right rate, right gaps, wrong process."""
    one = arrival_offsets_ns(5000, rate_rps=100, seed=4)
    found = gap_statistics(np.repeat(one, 4), shape=1.0)
    assert found is not None
    assert found.dispersion > 2.5
    assert found.cv > 1.8
    assert found.ks > 2 * found.ks_limit


def test_late_timers_are_not_taken_for_another_law() -> None:
    plan = arrival_offsets_ns(5000, rate_rps=500, burstiness=math.inf)
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
