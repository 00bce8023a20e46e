"""What the in-flight limit counts in conversations, by the server's own count, over several workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.simulators import start_simulator
from tests.system.running import run_load

pytestmark = pytest.mark.xdist_group("slots")

TALKS = ("--dataset", "conversations", "--backend", "openai-chat", "--input-len", 4, "--output-len", 6)
TURNS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorProcess]:
    with start_simulator(["--decode-base-ms", "4", "--decode-per-seq-us", "5"]) as simulator:
        yield simulator


def talk(
    folder: Path, server: SimulatorProcess, *args: object, requests: int = 120
) -> tuple[dict[str, Any], Run]:
    server.reset()
    run = run_load(
        folder,
        *("--url", server.url, "--turns", TURNS, "--num-requests", requests, "--no-progress", *TALKS, *args),
    )
    assert run.code == 0, run.err
    return run.summary, Run.load(run.folder)


@pytest.mark.parametrize("workers", [2, 4])
def test_requests_in_flight_keep_the_limit_while_others_think(
    tmp_path: Path, server: SimulatorProcess, workers: int
) -> None:
    limits = ("--concurrency", 5, "--workers", workers, "--slots", "requests", "--think-time", 0.1)
    summary, run = talk(tmp_path, server, *limits)
    assert summary["completed"] == 120
    assert [turn["completed"] for turn in summary["turns"]] == [40] * TURNS
    assert server.truth()["peak_concurrency"] == summary["in_flight"]["peak"] == 5
    # Those that thought did not keep the others waiting: more than five conversations were under way at once.
    first, last = (run.rows["turn"] == turn for turn in (0, TURNS - 1))
    assert (run.rows["sent_ns"][first] < run.rows["done_ns"][last].min()).sum() > 5
    assert not any("allowed" in reason for reason in summary["verdict"]["reasons"])


def test_users_keep_their_place_while_they_think(tmp_path: Path, server: SimulatorProcess) -> None:
    limits = ("--concurrency", 5, "--workers", 4, "--think-time", 0.05)
    summary, run = talk(tmp_path, server, *limits, requests=60)
    assert summary["completed"] == 60
    assert server.truth()["peak_concurrency"] <= 5
    first, last = (run.rows["turn"] == turn for turn in (0, TURNS - 1))
    assert (run.rows["sent_ns"][first] < run.rows["done_ns"][last].min()).sum() == 5


def test_a_run_that_ends_while_turns_think_counts_each(tmp_path: Path, server: SimulatorProcess) -> None:
    limits = ("--concurrency", 3, "--workers", 2, "--slots", "requests", "--think-time", 60)
    summary, _ = talk(tmp_path, server, *limits, "--duration", 1, requests=30)
    requests = summary["requests"]
    assert (requests["planned"], requests["completed"], requests["not_sent"]) == (30, 10, 20)
    assert [(turn["planned"], turn["completed"], turn["not_sent"]) for turn in summary["turns"]] == [
        (10, 10, 0),
        (10, 0, 10),
        (10, 0, 10),
    ]
