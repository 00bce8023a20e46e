"""Every threshold gives its reason, and nothing else does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.analysis.verdict import thresholds
from aisbench.records.run import Run
from tests.analysis.made_runs import MS, base_config, drop, fail, made_rows, write_run
from tests.analysis.summaries import summarise

OPEN = base_config(rate=100.0, arrival="poisson")
CLOSED = base_config(concurrency=2)


def judged(tmp_path: Path, rows: np.ndarray, config: dict[str, Any] = OPEN, **options: Any) -> dict[str, Any]:
    run = Run.load(write_run(tmp_path / "run", rows, config=config, **options))
    verdict: dict[str, Any] = summarise(Measured(run))["verdict"]
    return verdict


def open_rows(count: int = 400, **options: Any) -> np.ndarray:
    random = np.random.default_rng(6)
    return made_rows(np.cumsum(random.exponential(10, count)), **options)


def closed_rows(pause_ms: float, count: int = 100) -> np.ndarray:
    """Two streams of requests of 120.5 ms, each sent `pause_ms` after the one before has ended."""
    sent = np.arange(count) // 2 * (120.5 + pause_ms)
    return made_rows(np.zeros(count), lag_ms=sent, ttft_ms=50, itl_ms=10, tokens=8)


def the_reason(verdict: dict[str, Any], status: str, *words: str) -> None:
    assert verdict["status"] == status, verdict["reasons"]
    assert len(verdict["reasons"]) == 1, verdict["reasons"]
    for word in words:
        assert word in verdict["reasons"][0]


def test_a_good_open_run_is_valid(tmp_path: Path) -> None:
    verdict = judged(tmp_path, open_rows())
    assert (verdict["status"], verdict["reasons"], verdict["notes"]) == ("valid", [], [])
    names = {check["name"] for check in verdict["checks"]}
    assert {"schedule lag p99", "sent rate against plan", "CPU share of a worker"} <= names


def test_a_good_closed_run_is_valid(tmp_path: Path) -> None:
    verdict = judged(tmp_path, closed_rows(0.2), CLOSED)
    assert (verdict["status"], verdict["reasons"]) == ("valid", [])
    held = next(check for check in verdict["checks"] if check["name"] == thresholds.IN_FLIGHT_HELD.name)
    assert held["value"] == pytest.approx(100 * 120.5 / 120.7, abs=0.2)


@pytest.mark.parametrize("count", [1, 5])
def test_few_requests_are_no_reason_against_a_run(count: int, tmp_path: Path) -> None:
    verdict = judged(tmp_path, open_rows(count))
    assert verdict["status"] == "valid"
    assert "p99" in verdict["notes"][0]


@pytest.mark.parametrize(("lag_ms", "status"), [(4.0, "valid"), (8.0, "doubtful"), (150.0, "invalid")])
def test_late_sends(lag_ms: float, status: str, tmp_path: Path) -> None:
    rows = open_rows()
    rows["sent_ns"][::20] += int(lag_ms * MS)
    rows["send_returned_ns"][::20] += int(lag_ms * MS)
    for name in ("first_token_ns", "first_token_low_ns", "last_token_ns", "done_ns"):
        rows[name][::20] += int(lag_ms * MS)
    verdict = judged(tmp_path, rows)
    assert verdict["status"] == status, verdict["reasons"]
    if status != "valid":
        bound = "doubtful above 5" if status == "doubtful" else "invalid above 100"
        reason = f"Requests left {lag_ms + 0.1:.2f} ms later than planned (p99); a run is {bound} ms."
        assert reason in verdict["reasons"]


def test_waiting_for_the_limit_is_told_apart_and_is_no_fault(tmp_path: Path) -> None:
    """One at a time, 71 ms each, 100 a second asked: nearly all wait in the client, by the user's choice."""
    planned = np.arange(300) * 10.0
    rows = made_rows(planned, lag_ms=np.arange(300) * 71 - planned, ttft_ms=50, itl_ms=10, tokens=3)
    verdict = judged(tmp_path, rows, base_config(rate=100.0, arrival="constant", concurrency=1))
    assert (verdict["status"], verdict["reasons"]) == ("valid", [])
    assert "in-flight limit of 1 made 99.7 % of the requests wait" in verdict["notes"][0]
    assert (
        "With at most 1 in flight the server did not keep up: 14.12 of the 100.33 requests/s"
        in verdict["notes"][-1]
    )


def test_a_rate_that_was_not_reached(tmp_path: Path) -> None:
    planned = np.arange(200) * 10.0
    verdict = judged(
        tmp_path, made_rows(planned, lag_ms=planned * 0.1), base_config(rate=100.0, arrival="constant")
    )
    assert verdict["status"] == "invalid"
    assert any(
        "91.37 requests/s were sent, against 100.50 in the plan" in reason for reason in verdict["reasons"]
    )


def test_another_arrival_process_than_the_plan(tmp_path: Path) -> None:
    """Sent in clumps every 4.9 ms: below the lag's threshold, and yet no longer the plan's gaps."""
    planned = np.arange(1000) * 1.0
    lag = np.ceil(planned / 4.9) * 4.9 - planned
    verdict = judged(tmp_path, made_rows(planned, lag_ms=lag), base_config(rate=1000.0, arrival="constant"))
    the_reason(verdict, "invalid", "The CV of the sent gaps is", "and 0.000 in the plan")


def test_dropped_requests(tmp_path: Path) -> None:
    rows = open_rows()
    drop(rows, np.arange(0, 400, 50))
    the_reason(judged(tmp_path, rows), "doubtful", "2.00 % of the requests were dropped as too late (8)")


@pytest.mark.parametrize(("pause_ms", "status"), [(10.0, "doubtful"), (60.0, "invalid")])
def test_a_limit_that_was_not_held(pause_ms: float, status: str, tmp_path: Path) -> None:
    verdict = judged(tmp_path, closed_rows(pause_ms), CLOSED)
    the_reason(verdict, status, "requests were in flight on average, ", "% of the limit of 2")


def test_more_in_flight_than_allowed(tmp_path: Path) -> None:
    """Three at once where two were allowed cannot be the user's doing."""
    rows = made_rows(np.zeros(3), lag_ms=[0.0, 0.1, 0.2])
    verdict = judged(tmp_path, rows, base_config(concurrency=2))
    assert verdict["status"] == "invalid"
    assert "3 requests were in flight at once, more than the 2 allowed." in verdict["reasons"]


def test_fewer_requests_than_the_limit(tmp_path: Path) -> None:
    verdict = judged(tmp_path, made_rows(np.zeros(120)), base_config(concurrency=500))
    assert verdict["status"] == "valid"
    assert "120 requests are too few to keep 500 in flight" in verdict["notes"][0]


@pytest.mark.parametrize(("width_ms", "status"), [(0.4, "valid"), (2.0, "doubtful"), (8.0, "invalid")])
def test_wide_bounds_of_ttft(width_ms: float, status: str, tmp_path: Path) -> None:
    rows = open_rows()
    rows["first_token_low_ns"] -= int(width_ms * MS)
    verdict = judged(tmp_path, rows)
    assert verdict["status"] == status
    if status != "valid":
        the_reason(verdict, status, f"Mean TTFT lies between {50 - 0.02 - width_ms:.2f} and 50.00 ms")


@pytest.mark.parametrize(("delay_ms", "status"), [(0.2, "valid"), (3.0, "doubtful")])
def test_merges_count_only_when_the_reader_was_late(delay_ms: float, status: str, tmp_path: Path) -> None:
    rows = open_rows()
    rows["merged_reads"][:100] = rows["merged_events"][:100] = 1
    verdict = judged(
        tmp_path,
        rows,
        client_delay_ns=np.full(3000, int(delay_ms * MS)),
        merge_window_ns=np.full(100, 15 * MS),
    )
    assert verdict["status"] == status
    if status != "valid":
        the_reason(verdict, status, "blurred 3.6 % of the token gaps", "ITL percentiles")


def test_a_delay_above_the_gaps_between_tokens(tmp_path: Path) -> None:
    delays = np.full(3000, 12 * MS)
    the_reason(
        judged(tmp_path, open_rows(), client_delay_ns=delays), "doubtful", "up to 12.00 ms after they arrived"
    )
    verdict = judged(tmp_path / "slow", open_rows(itl_ms=50), client_delay_ns=delays)
    assert verdict["status"] == "valid", "below the ITL the kernel's stamps make it harmless"


HOST_CASES = [
    ({"cpu_ns": 0.9}, "doubtful", "A worker used 90.0 % of its CPU"),
    ({"cpu_ns": 0.99}, "invalid", "A worker used 99.0 % of its CPU"),
    ({"runqueue_wait_ns": 0.15}, "doubtful", "A worker waited for a CPU 15.0 % of the time"),
    ({"runqueue_wait_ns": 0.4}, "invalid", "A worker waited for a CPU 40.0 % of the time"),
    ({"longest_pause_ns": 0.0012}, "doubtful", "A worker stood still for up to 1200 ms"),
]


@pytest.mark.parametrize(("shares", "status", "words"), HOST_CASES)
def test_a_worker_without_enough_cpu(
    shares: dict[str, float], status: str, words: str, tmp_path: Path
) -> None:
    changes = {name: int(share * 1e12) for name, share in shares.items()}
    found = judged(
        tmp_path, open_rows(), worker_changes={"wall_ns": 10**12, "cpu_ns": 0, **changes}, workers=2
    )
    the_reason(found, status, words)


@pytest.mark.parametrize(
    ("name", "share", "words"),
    [("steal_ns", 0.12, "took away 6.0 %"), ("throttled_ns", 0.05, "throttled 5.0 %")],
)
def test_a_host_that_took_cpu_time_away(name: str, share: float, words: str, tmp_path: Path) -> None:
    rows = open_rows()
    wall_ns = int(rows["done_ns"].max() - 5_000 * 10**9)
    host = {"cpus": 2, "steal_ns": 0, "throttled_ns": 0, name: int(wall_ns * share)}
    the_reason(judged(tmp_path, rows, host=host), "doubtful", words)


def test_a_clock_that_was_set(tmp_path: Path) -> None:
    changes = {"clock_steps": 1, "largest_clock_step_ns": -30 * MS}
    the_reason(
        judged(tmp_path, open_rows(), worker_changes=changes),
        "doubtful",
        "largest step of the system clock during the run was 30.00 ms",
    )


def test_reads_without_kernel_stamps(tmp_path: Path) -> None:
    some = judged(tmp_path / "some", open_rows(), worker_changes={"reads": 1000, "reads_stamped": 900})
    the_reason(some, "doubtful", "10.0 % of the reads carried no kernel stamp")
    none = judged(tmp_path / "none", open_rows(), worker_changes={"reads_stamped": 0})
    assert none["status"] == "valid"
    assert "No kernel stamps" in none["notes"][0]


def test_a_reader_that_was_stopped_blurs_gaps_whatever_its_other_reads_were(tmp_path: Path) -> None:
    """Two seconds of 64 streams are read at once: 1.6 % of all gaps, and few of all reads."""
    rows = made_rows(np.arange(64) * 10.0, ttft_ms=50, itl_ms=10, tokens=12_500, lag_ms=0)
    gaps = []
    for _ in rows:
        gap = np.full(12_499, 10 * MS)
        gap[100:300] = 0
        gap[300] = 2_010 * MS
        gaps.append(gap)
    rows["merged_reads"], rows["merged_events"] = 1, 200
    verdict = judged(
        tmp_path,
        rows,
        base_config(concurrency=64),
        gaps=gaps,
        client_delay_ns=np.full(3000, MS // 5),
        merge_window_ns=np.full(64, 2_000 * MS),
    )
    the_reason(verdict, "doubtful", "1.6 % of the token gaps", "a run is doubtful above 1 %")


@pytest.mark.parametrize(("every", "status"), [(200, "valid"), (20, "doubtful"), (2, "invalid")])
def test_failed_requests(every: int, status: str, tmp_path: Path) -> None:
    rows = open_rows()
    fail(rows, np.arange(0, 400, every), "timeout")
    verdict = judged(tmp_path, rows)
    assert verdict["status"] == status
    if status != "valid":
        the_reason(verdict, status, f"{100 / every:.2f} % of the requests failed ({400 // every})")


def test_requests_cut_off_by_an_interrupt(tmp_path: Path) -> None:
    rows = open_rows()
    fail(rows, np.arange(390, 400), "stopped")
    rows["status"][390:] = 3
    verdict = judged(tmp_path, rows, outcome="interrupted", outcome_reason="Ctrl-C")
    the_reason(verdict, "doubtful", "2.50 % of the sent requests were cut off at the end (10)")
    assert verdict["notes"] == ["The run was interrupted: Ctrl-C."]


def test_no_success_a_dead_worker_and_a_failed_run_are_invalid(tmp_path: Path) -> None:
    rows = open_rows()
    fail(rows, slice(None), "connect")
    verdict = judged(
        tmp_path, rows, outcome="failed", outcome_reason="no answer", worker_changes={"died": "signal 9"}
    )
    assert verdict["status"] == "invalid"
    for words in ("The run failed: no answer.", "Worker 0 died: signal 9.", "No request succeeded"):
        assert any(words in reason for reason in verdict["reasons"])


def test_every_threshold_has_its_reason_and_an_order() -> None:
    names = [threshold.name for threshold in thresholds.ALL]
    assert len(set(names)) == len(names)
    for threshold in thresholds.ALL:
        assert threshold.why.endswith(".")
        if threshold.invalid is not None:
            assert (threshold.invalid < threshold.doubtful) == threshold.below
        assert threshold.status(threshold.doubtful) == "valid"
