"""The server under its load: did it keep up, what did refusals do, and was a limit of this machine reached?"""

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.text.console import render
from tests.analysis.made_runs import MS, base_config, fail, made_rows, write_run
from tests.analysis.summaries import summarise
from tests.analysis.verdict.test_verdict import CLOSED, closed_rows, judged, the_reason


def test_a_limit_of_the_machine_counts_when_it_was_reached(tmp_path: Path) -> None:
    """Sent at once and each 120 ms long, 50 requests are in flight together."""
    limits = {"open_files": 64, "in_flight": 50, "binding": "open files"}
    rows = made_rows(np.zeros(100), lag_ms=np.repeat([0.0, 200.0], 50))
    verdict = judged(tmp_path / "reached", rows, base_config(), limits=limits)
    the_reason(verdict, "doubtful", "limit on open files allows 50 requests in flight, and that many were")
    verdict = judged(tmp_path / "not", rows, base_config(), limits={**limits, "in_flight": 51})
    assert (verdict["status"], verdict["reasons"]) == ("valid", [])


def overloaded(rate: float, done_per_s: float, count: int = 1000) -> np.ndarray:
    """Requests that a server takes one after the other, `done_per_s` of them, when `rate` a second come."""
    random = np.random.default_rng(4)
    planned = np.cumsum(random.exponential(1e3 / rate, count))
    begun = np.zeros(count)
    free = 0.0
    for i, at in enumerate(planned):
        begun[i] = free = max(free, at)
        free += 1e3 / done_per_s
    return made_rows(planned, ttft_ms=begun - planned + 1, itl_ms=1e3 / done_per_s / 8, tokens=8)


def test_a_server_that_did_not_keep_up_is_the_first_finding(tmp_path: Path) -> None:
    rows = overloaded(200, 42)
    # 70 % of them are cut off when the time is over, as `--duration` does.
    cut = rows["done_ns"] > rows["planned_ns"].max() + 2_000 * MS
    fail(rows, cut, "stopped")
    rows["status"][cut] = 3
    summary = summarise(
        Measured(
            Run.load(write_run(tmp_path / "run", rows, config=base_config(rate=200.0, arrival="poisson")))
        )
    )
    verdict, found = summary["verdict"], summary["keeping_up"]
    assert verdict["status"] == "invalid"
    assert verdict["reasons"][0].startswith("The server did not keep up: 41.98 of the 196.09 req")
    assert "requests/s that came due were done, and its queue grew by 15" in verdict["reasons"][0]
    assert "cut off at the end" in verdict["reasons"][1]
    assert found["kept_up"] is False
    assert found["done_per_s"] == pytest.approx(42, abs=1.5)
    assert found["asked_per_s"] == pytest.approx(200, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("e2el_ms", [100, 1000])
def test_a_server_that_keeps_up_is_not_accused(e2el_ms: float, seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    planned = np.cumsum(random.exponential(10, 400))
    itl = random.gamma(4, e2el_ms / 32, 400)
    verdict = judged(tmp_path, made_rows(planned, itl_ms=itl, tokens=8))
    assert not any("keep up" in reason for reason in verdict["reasons"])


def test_a_rising_rate_is_not_a_growing_queue(tmp_path: Path) -> None:
    planned = np.sqrt(np.linspace(0, 1, 600)) * 20_000
    config = base_config(ramp_up={"strategy": "linear", "from_rps": 1, "to_rps": 60})
    verdict = judged(tmp_path, made_rows(planned, itl_ms=200, tokens=8), config, open_loop=True)
    assert not any("keep up" in reason for reason in verdict["reasons"])


def test_refusals_in_closed_loop_free_their_slots(tmp_path: Path) -> None:
    rows = closed_rows(0.2)
    fail(rows, slice(1, None, 2), "http_status", http_status=429)
    verdict = judged(tmp_path, rows, CLOSED)
    assert verdict["status"] == "invalid"
    (said,) = [reason for reason in verdict["reasons"] if "refused" in reason]
    assert said.startswith(
        "50 of 100 requests were refused (http_429: 50), which freed their in-flight slots"
    )
    assert "of --concurrency 2: 16." in said


def test_the_two_lags_of_a_limited_run_have_names_of_their_own(tmp_path: Path) -> None:
    planned = np.arange(300) * 10.0
    rows = made_rows(planned, lag_ms=np.arange(300) * 71 - planned, ttft_ms=50, itl_ms=10, tokens=3)
    config = base_config(rate=100.0, arrival="constant", concurrency=1)
    summary = summarise(Measured(Run.load(write_run(tmp_path / "run", rows, config=config))))
    shown = render(summary, [99.0])
    assert "; p99 without waits for the limit 0." in shown
    lag = next(check for check in summary["verdict"]["checks"] if check["name"] == "schedule lag p99")
    assert lag["text"].endswith("later than planned (p99, not counting waits for the in-flight limit)")
