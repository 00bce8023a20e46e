"""Offset and drift of a node's clock, against clocks whose truth is known."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from aisbench.engine.cluster.clock import NodeClock, Sample, after_the_run, before_the_run

SECOND = 1_000_000_000


def sample(at_ns: int, offset_ns: float, there_ns: int, back_ns: int, drift: float = 0.0) -> Sample:
    """A question at `at_ns` to a clock that is ahead by `offset_ns` at 0, with the two ways taking so long."""
    heard_ns = at_ns + there_ns
    return Sample(at_ns, round(heard_ns + offset_ns + drift * heard_ns), heard_ns + back_ns)


WAYS = st.lists(st.tuples(st.integers(0, 5_000_000), st.integers(0, 5_000_000)), min_size=1, max_size=15)


@given(st.integers(-(10**15), 10**15), WAYS)
def test_the_truth_is_within_the_error(offset_ns: int, ways: list[tuple[int, int]]) -> None:
    clock = before_the_run([sample(k * SECOND, offset_ns, *way) for k, way in enumerate(ways)])
    assert abs(clock.offset_ns - offset_ns) <= clock.error_ns
    assert clock.error_ns <= min(sum(way) for way in ways) // 2 + 1


@given(st.integers(-100, 100), st.integers(60, 3600), WAYS, WAYS)
# A drift that the samples do not prove.
@example(1, 60, [(0, 0)], [(0, 60_000)])
def test_a_drift_is_found_within_the_error(
    ppm: int, seconds: int, ways: list[tuple[int, int]], later: list[tuple[int, int]]
) -> None:
    drift = ppm * 1e-6
    first = before_the_run([sample(0, 5e9, *way, drift) for way in ways])
    after = [sample(seconds * SECOND, 5e9, *way, drift) for way in later]
    clock = after_the_run(first, [], after)
    end_ns = min(after, key=lambda one: one.error_ns).at_ns
    for at_ns in (clock.at_ns, (clock.at_ns + end_ns) // 2, end_ns):
        truth = 5e9 + drift * at_ns
        estimate = clock.offset_ns + clock.drift * (at_ns - clock.at_ns)
        # One nanosecond for each rounding, and what the clock gains within a round trip.
        assert abs(estimate - truth) <= clock.error_ns * (1 + 2 * abs(drift)) + 3


def test_a_steady_clock_has_no_drift() -> None:
    first = NodeClock(1000, 0, 200_000)
    clock = after_the_run(first, [], [sample(60 * SECOND, 100_000, 50_000, 50_000)])
    assert (clock.drift, clock.offset_ns, clock.error_ns) == (0.0, 1000, 200_000)


def test_a_step_during_the_run_shows_in_the_error() -> None:
    first = NodeClock(0, 0, 100_000)
    after = [sample(10 * SECOND, 80_000_000, 50_000, 50_000)]
    assert after_the_run(first, [], after).error_ns > 70_000_000
    # It went back before the end.
    during = [sample(5 * SECOND, 80_000_000, 50_000, 50_000)]
    steady = [sample(10 * SECOND, 0, 50_000, 50_000)]
    assert after_the_run(first, during, steady).error_ns > 70_000_000
