"""The stable stage by both definitions, on runs whose windows are known."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.analysis.blocks.stable_stage import at_maximum, mser5, settled
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.analysis.summaries import summarise

MS = 1_000_000


def run_of(folder: Path, planned_ms: list[float], **rows: object) -> Run:
    rows.setdefault("lag_ms", 0.0)
    return Run.load(write_run(folder, made_rows(planned_ms, **rows), config=base_config(concurrency=3)))  # type: ignore[arg-type]


def test_from_the_first_send_after_the_maximum_to_the_last_moment_at_it(tmp_path: Path) -> None:
    # Three slots, filled at 0, 10 and 20 ms; each request takes 100.5 ms (its end is 0.5 ms behind its
    # last token), and the next one leaves when it ends.
    begins = [0.0, 10.0, 20.0, 100.5, 110.5, 120.5, 201.0, 211.0]
    run = run_of(tmp_path / "run", begins, ttft_ms=30.0, itl_ms=10.0, tokens=8)
    window = at_maximum(run, InFlight.of(run))
    assert window.reason is None
    # The maximum is reached by the send at 20 ms; the first that leaves after that does so at 100.5 ms. It is
    # left for good when the sixth, sent at 120.5 ms, ends and nothing follows.
    assert window.begin_ns / MS == 100.5
    assert window.end_ns / MS == pytest.approx(221.0)
    block = summarise(Measured(run))["stable"]["aisbench"]
    assert (block["started"], block["completed"], block["failed"]) == (5, 5, 0)
    assert block["in_flight_mean"] == pytest.approx(3.0, abs=0.01)
    assert block["metrics"]["ttft_ms"]["mean"] == pytest.approx(30.0)
    assert block["request_throughput"] == pytest.approx(5 / 0.1205)
    # A request takes 100 of its 120 ms.
    assert block["long_enough"] is False
    assert (block["total_output_tokens"], block["per_request"]["output_tokens"]["count"]) == (40, 5)


def test_there_is_none_where_all_were_sent_at_once(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", [0.0, 0.0, 0.0])
    assert at_maximum(run, InFlight.of(run)).reason is not None
    block = summarise(Measured(run))["stable"]["aisbench"]
    assert block["window_ms"] is None
    assert "between the first and the last moment at the maximum" in block["reason"]


def test_an_empty_run_says_why_it_has_none(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", [])
    for window in (at_maximum(run, InFlight.of(run)), settled(run, InFlight.of(run))):
        assert "nothing was sent" in str(window.reason)


def test_the_warm_up_is_cut_off_and_so_is_the_drain(tmp_path: Path) -> None:
    """One request each 10 ms, about 100 ms each: in flight climbs for 100 ms, stands at about 10, drains at the end."""
    generator = np.random.default_rng(4)
    planned = np.cumsum(generator.exponential(10.0, 500))
    ttft_ms = 30.0 + generator.uniform(-8, 8, 500)
    run = run_of(tmp_path / "run", planned.tolist(), ttft_ms=ttft_ms.tolist(), itl_ms=10.0, tokens=8)
    window = settled(run, InFlight.of(run))
    assert window.reason is None
    assert 40 <= window.begin_ns / MS <= 250
    assert window.end_ns / MS == pytest.approx(planned[-1])
    block = summarise(Measured(run))["stable"]["statistical"]
    assert block["long_enough"] is True
    assert block["in_flight_mean"] == pytest.approx(10, rel=0.1)
    assert block["output_throughput"] == pytest.approx(8 * block["request_throughput"], rel=0.02)


def test_throughput_has_to_settle_too_and_counts_what_came_out(tmp_path: Path) -> None:
    """Eight in flight from the first moment on, whose first round waits a second for its tokens."""
    rounds, slots, each_ms = 60, 8, 100.5
    begins = [0.0] * slots + [1070.5 + each_ms * i for i in range(rounds) for _ in range(slots)]
    ttft_ms = [1000.0] * slots + [30.0] * (rounds * slots)
    run = run_of(tmp_path / "run", begins, ttft_ms=ttft_ms, itl_ms=10.0, tokens=8)
    window = settled(run, InFlight.of(run))
    assert window.reason is None
    assert window.begin_ns / MS >= 950
    block = summarise(Measured(run))["stable"]["statistical"]
    # The window ends with the last send, so that what starts inside is a round more than what ends there.
    assert block["request_throughput"] == pytest.approx(1e3 * slots / each_ms, rel=0.03)
    assert block["output_throughput"] == pytest.approx(8e3 * slots / each_ms, rel=0.03)


def test_a_queue_that_only_grows_never_settles(tmp_path: Path) -> None:
    # Each request takes longer than the one before: in flight grows until the end.
    count = 400
    durations = np.linspace(30, 6000, count)
    run = run_of(tmp_path / "run", [10.0 * i for i in range(count)], ttft_ms=durations.tolist(), tokens=1)
    assert "did not settle" in str(settled(run, InFlight.of(run)).reason)


@given(st.integers(1, 40), st.integers(60, 180), st.floats(1, 50), st.integers(0, 2**31))
def test_mser5_finds_a_step(warm_up: int, rest: int, height: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.02, (warm_up + rest) * 5)
    values = np.concatenate([np.zeros(warm_up * 5), np.full(rest * 5, height)]) + noise
    cut = mser5(values)
    assert cut is not None
    assert warm_up * 5 <= cut <= (warm_up + rest // 2 + 1) * 5


@given(st.lists(st.floats(0, 1e6), min_size=0, max_size=300))
def test_mser5_takes_anything(values: list[float]) -> None:
    cut = mser5(np.array(values))
    assert cut is None or (0 <= cut <= len(values) // 5 // 2 * 5 + 5 and cut % 5 == 0)


def test_means_are_those_of_the_steps(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", [0.0, 50.0, 75.0], ttft_ms=30.0, itl_ms=10.0, tokens=8)
    in_flight = InFlight.of(run)
    edges = np.linspace(0, in_flight.end_ns, 38)
    slow = [in_flight.mean_within(int(a), int(b)) for a, b in itertools.pairwise(edges)]
    assert in_flight.means(edges) == pytest.approx(slow, abs=1e-4)
