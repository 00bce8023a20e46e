"""Growth of the queue, against processes whose growth is known."""

from __future__ import annotations

import numpy as np
import pytest

from aisbench.analysis.saturation.backlog import (
    STRETCHES,
    BacklogWatch,
    backlog_at,
    growth,
    rates_of,
    student_cdf,
    student_quantile,
)

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    # From the printed tables of Student's t, one-sided.
    ("degrees", "level", "value"),
    [
        (1, 0.95, 6.314),
        (2, 0.95, 2.920),
        (5, 0.975, 2.571),
        (11, 0.95, 1.796),
        (11, 0.999, 4.025),
        (30, 0.99, 2.457),
    ],
)
def test_quantiles_are_those_of_the_tables(degrees, level, value):
    assert student_quantile(level, degrees) == pytest.approx(value, abs=6e-4)
    assert student_cdf(value, degrees) == pytest.approx(level, abs=1e-4)
    assert student_cdf(-value, degrees) == pytest.approx(1 - level, abs=1e-4)


def test_the_backlog_counts_what_is_due_and_not_ended():
    counted = backlog_at(np.array([30, 10, 20]), np.array([25]), np.array([5.0, 10.0, 22.0, 25.0, 40.0]))
    assert counted.tolist() == [0, 1, 2, 1, 2]


def measured(rate: float, served: float, seconds: float, seed: int) -> np.ndarray:
    """Growth rates of a queue with Poisson arrivals and a server that ends `served` a second."""
    generator = np.random.default_rng(seed)
    due = np.cumsum(generator.exponential(1 / rate, int(rate * seconds * 2)))
    due = due[due < seconds]
    ended = np.empty(len(due))
    free = 0.0
    for at, moment in enumerate(due):
        free = max(free, moment) + 1 / served
        ended[at] = free
    moments = np.linspace(seconds / 2, seconds, STRETCHES + 1)
    counts = backlog_at(
        (due * SECOND).astype(np.int64), (ended * SECOND).astype(np.int64), moments * float(SECOND)
    )
    return rates_of(counts, seconds / 2 / STRETCHES)


def test_a_server_that_keeps_up_is_seldom_found_to_fall_behind():
    found = sum(growth(measured(50, 70, 20, seed), 50).grows for seed in range(200))
    # The test's level is 5 %; with a queue that keeps coming back to nothing it errs less often.
    assert found <= 10


def test_a_server_that_falls_behind_is_found_out():
    found = [growth(measured(50, 35, 20, seed), 50) for seed in range(100)]
    assert sum(one.grows for one in found) >= 95
    assert np.mean([one.per_s for one in found]) == pytest.approx(15, abs=1)


def test_what_does_not_change_at_all_does_not_grow():
    assert not growth(np.zeros(STRETCHES), 10).grows
    assert growth(np.zeros(STRETCHES), 10).clear
    assert growth(np.ones(STRETCHES), 10).grows
    assert not growth(np.array([3.0]), 10).clear


def test_the_watch_cries_only_when_the_queue_surely_grows():
    hopeless = BacklogWatch(100, SECOND, SECOND)
    cries = [hopeless.hopeless(ms * 1_000_000, 40 * ms // 1000) for ms in range(0, 5000, 100)]
    # It looks from one second on, and for one second before it says anything.
    assert not any(cries[:20])
    assert cries[-1]
    steady = BacklogWatch(100, SECOND, SECOND)
    generator = np.random.default_rng(1)
    assert not any(steady.hopeless(ms * 1_000_000, int(generator.poisson(8))) for ms in range(0, 5000, 100))
