"""The run over time: schedule lag, and what thinning keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.sending import Sending
from aisbench.analysis.series import NS, bin_edges, bin_ns, lag_series, per_second, thinned, token_series
from aisbench.records.run import Run
from tests.analysis.made_runs import START_NS, base_config, drop, made_rows, write_run


def test_lag_is_told_by_when_requests_were_planned(tmp_path: Path) -> None:
    # 100 requests in the first second, 1 to 100 ms late; none in the second one; 50 of 7 ms in the third.
    planned = np.concatenate([np.arange(100) * 10.0, 2000 + np.arange(50) * 10.0])
    lag = np.concatenate([np.arange(1, 101), np.full(50, 7.0)])
    rows = made_rows(planned, lag_ms=lag)
    drop(rows, [149])
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config(rate=75.0, arrival="constant")))
    found = lag_series(run, Sending.of(run, InFlight.held(run)), NS)
    assert found is not None
    for series in found.values():
        assert series.t_s.tolist() == [0.0, 2.0]
    assert found["p50"].y == pytest.approx([50.5, 7.0])
    assert found["p99"].y == pytest.approx([99.01, 7.0])
    assert found["max"].y == pytest.approx([100.0, 7.0])
    # Nothing was held back by a limit: all of it is our own.
    assert found["own_p99"].y == pytest.approx(found["p99"].y)


def test_a_closed_loop_has_no_lag(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows(np.zeros(5)), config=base_config(concurrency=5)))
    assert lag_series(run, Sending.of(run, InFlight.held(run)), NS) is None


def test_thinning_keeps_the_ends_and_every_stretchs_extremes() -> None:
    random = np.random.default_rng(3)
    times = np.cumsum(random.integers(1, 1000, 300_000))
    values = np.cumsum(random.choice([-1, 1], 300_000))
    values[123_456] = 5_000
    t, y = thinned(times, values, most=500)
    assert 400 < len(t) <= 500
    assert (np.diff(t) > 0).all()
    assert (t[0], t[-1]) == (times[0], times[-1])
    assert y.max() == 5_000
    assert y.min() == values.min()
    assert (values[np.searchsorted(times, t)] == y).all()
    # What is little stays whole.
    assert len(thinned(times[:500], values[:500], most=500)[0]) == 500


def test_a_level_that_was_held_is_the_right_one_after_thinning() -> None:
    # Every second a hundred changes within 10 ms, down and up again, and then 30 for the rest of it.
    second = np.concatenate([np.arange(30, -20, -1), np.arange(-19, 31)])
    times = (np.arange(60)[:, None] * 1e9 + np.arange(100) * 1e5).ravel()
    t, y = thinned(times, np.tile(second, 60), most=500)
    held = y[np.searchsorted(t, np.arange(60) * 1e9 + 5e8) - 1]
    assert held.tolist() == [30] * 60


@pytest.mark.parametrize("left_ns", [0, 3_000_000, 20_000_000, 49_000_000])
def test_a_short_rest_of_the_run_makes_no_spike(tmp_path: Path, left_ns: int) -> None:
    """16 streams whose tokens come together every 40 ms for 10 s and a little: 400 tokens/s, in a bin of 50 ms at most 640."""
    tokens = (10 * NS + left_ns) // 40_000_000 + 1
    rows = made_rows(np.zeros(16), lag_ms=0.0, ttft_ms=0.0, itl_ms=40.0, tokens=tokens)
    rows["done_ns"] = START_NS + 10 * NS + left_ns + 1
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config()))
    width = bin_ns(run.duration_ns)
    found = token_series(run, width)
    assert found.y.max() <= 640
    edges = bin_edges(run.duration_ns, width)
    assert np.sum(found.y * np.diff(edges)) / 1e9 == pytest.approx(16 * tokens), "no token is left out"


def test_bins_end_with_the_run() -> None:
    assert bin_edges(int(0.25 * NS), NS // 10).tolist() == [0, NS // 10, NS // 4]
    assert bin_edges(NS // 100, NS // 10).tolist() == [0, NS // 100]
    found = per_second(np.array([0, NS // 10, NS // 5 + 1]), int(0.25 * NS), NS // 10)
    assert found.y == pytest.approx([10, 2 / 0.15])
