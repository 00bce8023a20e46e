"""Arrival plans: vLLM's offsets, and what holds for any plan."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.errors import BadInput
from aisbench.workload.arrivals.gaps import Gaps
from aisbench.workload.arrivals.law import NS, plan_fingerprint
from aisbench.workload.arrivals.ramp import Ramp
from aisbench.workload.arrivals.steady import Steady

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
    gaps = Gaps(case["burstiness"], case["seed"])
    law = Ramp(**case["ramp"], gaps=gaps) if case["ramp"] else Steady(case["rate_rps"], gaps)
    offsets = law.offsets_ns(case["count"])
    assert offsets.dtype == np.int64
    assert np.abs(offsets - np.array(case["offsets_ns"])).max() <= 1000


@given(counts, rates, shapes, seeds)
def test_a_plan_ascends_and_ends_at_count_over_rate(count: int, rate: float, shape: float, seed: int) -> None:
    offsets = Steady(rate, Gaps(shape, seed)).offsets_ns(count)
    assert len(offsets) == count
    assert offsets[0] >= 0
    assert (np.diff(offsets) >= 0).all()
    assert offsets[-1] == pytest.approx(count / rate * NS, rel=1e-12, abs=1)


@given(counts, shapes, seeds, ramps)
def test_a_ramp_ascends_too(count: int, shape: float, seed: int, ramp: Ramp) -> None:
    offsets = replace(ramp, gaps=Gaps(shape, seed)).offsets_ns(count)
    assert len(offsets) == count
    assert offsets[0] >= 0
    assert (np.diff(offsets) >= 0).all()


def test_an_infinite_rate_sends_all_at_once() -> None:
    assert Steady(math.inf).offsets_ns(5).tolist() == [0] * 5


def test_infinite_burstiness_is_a_constant_rate() -> None:
    offsets = Steady(10, Gaps(math.inf, 9)).offsets_ns(4)
    assert offsets.tolist() == [100_000_000, 200_000_000, 300_000_000, 400_000_000]


def test_a_constant_ramp_follows_its_rates_and_is_not_stretched() -> None:
    linear = Ramp("linear", 1, 4, Gaps(math.inf)).offsets_ns(3)
    assert linear.tolist() == pytest.approx([1e9, 1.4e9, 1.65e9])
    exponential = Ramp("exponential", 1, 4, Gaps(math.inf)).offsets_ns(3)
    assert exponential.tolist() == pytest.approx([1e9, 1.5e9, 1.75e9])


def test_the_plan_neither_reads_nor_moves_the_global_generator() -> None:
    np.random.seed(1)
    first = Steady(5, Gaps(seed=3)).offsets_ns(100)
    np.random.seed(2)
    before = np.random.get_state(legacy=False)["state"]["key"].tolist()
    again = Steady(5, Gaps(seed=3)).offsets_ns(100)
    assert first.tolist() == again.tolist()
    assert np.random.get_state(legacy=False)["state"]["key"].tolist() == before


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
        Steady(rate, Gaps(shape)).offsets_ns(count)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("duration", "rate", "count"), [(10, 50, 500), (0.29, 100, 29), (0.3, 10, 3), (2.5, 1, 2), (0.1, 1, 1)]
)
def test_requests_within_a_duration_at_a_rate(duration: float, rate: float, count: int) -> None:
    assert Steady(rate).count_within(duration) == count


@given(st.floats(0.1, 300), ramps)
def test_requests_within_a_duration_on_a_ramp_are_the_most_that_fit(duration: float, ramp: Ramp) -> None:
    count = ramp.count_within(duration)
    plan = replace(ramp, gaps=Gaps(math.inf)).offsets_ns(count)
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
        Steady(1e6).count_within(1e9)


def test_the_fingerprint_is_a_plain_sha256_of_the_offsets() -> None:
    offsets = np.array([1, 2, 3_000_000_000])
    assert plan_fingerprint(offsets) == hashlib.sha256(struct.pack("<3q", *offsets.tolist())).hexdigest()
