"""Stress: full concurrency for a set time, and what is said of how it ended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.system.running import run_load

pytestmark = pytest.mark.xdist_group("timing")

SHORT = ("--input-len", 12, "--output-len", 20, "--no-progress")


def test_full_concurrency_for_the_set_time(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    quick_simulator.reset()
    stress = ("--stress", "--duration", 2, "--concurrency", 12, "--workers", 2)
    run = run_load(tmp_path, "--url", quick_simulator.url, *stress, *SHORT)
    assert run.code == 0, run.err
    summary, rows = run.summary, Run.load(run.folder)
    truth = quick_simulator.truth()
    assert truth["peak_concurrency"] == summary["in_flight"]["peak"] == 12
    timed = summary["timed"]
    assert timed["window_s"] == pytest.approx(2.0)
    assert timed["completed"] + timed["finished_after"] == summary["completed"] == truth["done"]
    assert 1 <= timed["finished_after"] <= 12
    assert timed["cut"] == 0
    # Nothing leaves after the time; the bodies are used again and again.
    assert (rows.rows["sent_ns"] - rows.start_ns).max() <= 2_000_000_000
    # What came after the time is in the figures on top and not in these.
    assert timed["output_throughput"] * 2.0 < summary["total_output_tokens"]
    assert timed["request_throughput"] == pytest.approx(timed["completed"] / 2.0)
    # The stable stage: in-flight is at its limit all the time, by the server's count too.
    stage = summary["stable"]["aisbench"]
    assert stage["in_flight_mean"] == pytest.approx(12, abs=0.5)
    # It may stand there until the first of the last ones ends.
    assert stage["window_ms"][1] <= 2_000 + summary["metrics"]["e2el_ms"]["max"]
    assert "Within 2" in run.out


def test_no_request_is_fetched_early_and_left_waiting(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    """A request that holds an in-flight slot is sent at once: slots are not taken to wait in the client."""
    stress = ("--stress", "--pressure-time", 1.5, "--concurrency", 8)
    run = run_load(tmp_path, "--url", quick_simulator.url, *stress, *SHORT)
    rows = Run.load(run.folder).rows
    held_ms = (rows["sent_ns"] - rows["began_ns"]) / 1e6
    assert np.percentile(held_ms, 99) < 50
    assert run.summary["in_flight"]["peak"] <= 8


def test_what_is_in_flight_at_the_end_is_cut_where_nobody_waits(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    stress = ("--stress", "--duration", 1, "--concurrency", 4, "--grace", 0)
    run = run_load(
        tmp_path,
        "--url",
        quick_simulator.url,
        *stress,
        "--input-len",
        8,
        "--output-len",
        2000,
        "--no-progress",
    )
    assert run.summary["timed"]["cut"] == run.summary["requests"]["cancelled"] == 4
    assert run.summary["timed"]["completed"] == 0


def test_connections_are_made_at_a_pace(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    paced = ("--concurrency", 20, "--connect-rate", 100, "--num-requests", 20)
    run = run_load(tmp_path, "--url", quick_simulator.url, *paced, *SHORT)
    assert (run.code, run.summary["completed"]) == (0, 20)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--stress",), "give --concurrency"),
        (("--stress", "--concurrency", 2, "--rate", 5), "leave out --rate"),
        (("--stress", "--concurrency", 2, "--num-requests", 5), "and --num-requests"),
        (("--connect-rate", 0), "--connect-rate must be a number above 0, got 0"),
    ],
)
def test_contradictions(tmp_path: Path, args: tuple[object, ...], said: str) -> None:
    run = run_load(tmp_path, *args)
    assert run.code == 2
    assert said in run.err
