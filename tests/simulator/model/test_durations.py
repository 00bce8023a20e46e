"""Durations against the plain way of computing the same."""

from __future__ import annotations

import bisect
import random

import pytest

from aisbench.simulator.model.durations import BLOCK, Durations

EDGES_S = (0.001, 0.01, 0.1)


def test_the_distribution_is_that_of_the_values() -> None:
    drawn = random.Random(3)
    values = [int(drawn.lognormvariate(16, 2)) for _ in range(3 * BLOCK + 17)]
    durations = Durations(EDGES_S)
    for value in values:
        durations.append(value)
        durations.count_block()
    got = durations.distribution()
    ordered = sorted(values)
    assert got["n"] == len(values)
    assert got["mean_ms"] == pytest.approx(sum(values) / len(values) / 1e6)
    assert got["max_ms"] == ordered[-1] / 1e6
    for share, name in ((0.5, "p50_ms"), (0.99, "p99_ms")):
        exact_ms = ordered[int((len(values) - 1) * share)] / 1e6
        assert got[name] == pytest.approx(exact_ms, rel=0.0006)


def test_buckets_are_exact_at_the_edges_and_outlive_a_reset() -> None:
    values = [0, 999_999, 1_000_000, 1_000_001, 10_000_000, 100_000_000, 100_000_001, 10**13]
    durations = Durations(EDGES_S)
    for value in values:
        durations.append(value)
    durations.reset()
    assert durations.distribution() == {"n": 0, "mean_ms": 0, "p50_ms": 0, "p99_ms": 0, "max_ms": 0}
    buckets, sum_s = durations.prometheus()
    ordered = sorted(values)
    expected = [bisect.bisect_right(ordered, round(edge * 1e9)) for edge in EDGES_S]
    assert buckets == [("0.001", expected[0]), ("0.01", expected[1]), ("0.1", expected[2]), ("+Inf", 8)]
    assert sum_s == pytest.approx(sum(values) / 1e9)


def test_memory_does_not_grow_with_the_number() -> None:
    durations = Durations(EDGES_S)
    for _ in range(5 * BLOCK):
        durations.append(1)
        durations.count_block()
    assert len(durations.pending) < BLOCK
