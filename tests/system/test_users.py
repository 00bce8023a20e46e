"""Users who take turns at a constant rate, over several workers, by the records and the server's own count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.simulators import start_simulator
from tests.system.running import Finished, run_load

pytestmark = pytest.mark.xdist_group("timing")

TALKS = ("--dataset", "conversations", "--backend", "openai-chat", "--input-len", 4, "--output-len", 3)


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorProcess]:
    with start_simulator(["--decode-base-ms", "4", "--decode-per-seq-us", "5"]) as simulator:
        yield simulator


def users(folder: Path, server: SimulatorProcess, *args: object) -> Finished:
    server.reset()
    return run_load(folder, "--url", server.url, "--no-progress", "--turns", 4, *TALKS, *args)


@pytest.mark.parametrize("workers", [1, 3])
def test_turns_of_each_user_are_equally_far_apart(
    tmp_path: Path, server: SimulatorProcess, workers: int
) -> None:
    limits = ("--users", 6, "--user-rate", 30, "--num-requests", 96, "--workers", workers)
    run = users(tmp_path, server, *limits)
    assert run.code == 0, run.err
    assert "6 users send a turn every 0.2 s each" in run.err
    loaded = Run.load(run.folder)
    rows = loaded.rows
    planned = rows["planned_ns"] - loaded.start_ns
    # 24 sessions of 4 turns, of which the first six have 1, 2, 2, 3, 4 and 4.
    lengths = np.bincount(rows["conversation"])
    assert lengths[:6].tolist() == [1, 2, 2, 3, 4, 4]
    assert (lengths[6:] == 4).all()
    assert run.summary["requests"]["planned"] == run.summary["completed"] == lengths.sum() == 88
    assert [(turn["planned"], turn["not_sent"]) for turn in run.summary["turns"]] == [
        (24, 0), (23, 0), (21, 0), (20, 0),
    ]  # fmt: skip
    # Every turn, of whichever session, stands at its user's place in an interval of 0.2 s: a thirtieth apart.
    places = np.rint(planned % 200_000_000 * 30 / 1e9) % 6
    assert np.abs(planned % 200_000_000 - places * 1e9 / 30).max() < 100
    for user in range(6):
        own = np.sort(planned[places == user])
        assert (np.abs(np.diff(own) - 200_000_000) <= 1).all(), user
    for talk in range(24):
        turns = rows["turn"][rows["conversation"] == talk]
        assert np.array_equal(np.sort(turns), np.arange(len(turns)))
    assert (rows["sent_ns"] >= rows["planned_ns"]).all()
    assert server.truth()["peak_concurrency"] <= run.summary["in_flight"]["limit"] == 6
    arrivals = run.summary["arrivals"]
    assert (arrivals["process"], arrivals["asked_rate"], arrivals["counts"]) == ("users", 30, "requests")
    assert run.summary["client"]["schedule_lag_ms"]["p50"] < 20
    assert not any("later turns were sent late" in note for note in run.summary["verdict"]["notes"])


def test_a_turn_waits_for_an_answer_that_is_late(tmp_path: Path, server: SimulatorProcess) -> None:
    run = users(tmp_path, server, "--users", 3, "--user-rate", 3000, "--num-requests", 36, "--workers", 2)
    assert run.code == 0, run.err
    rows = Run.load(run.folder).rows
    for talk in range(9):
        own = rows["conversation"] == talk
        order = np.argsort(rows["turn"][own])
        due, done = rows["planned_ns"][own][order], rows["done_ns"][own][order]
        # Due as soon as the answer is complete, not when it would have been 1 ms after the turn before.
        assert (due[1:] >= done[:-1]).all()
        assert np.median(due[1:] - done[:-1]) < 5_000_000 if len(due) > 1 else True
    assert server.truth()["peak_concurrency"] == 3
    (note,) = [note for note in run.summary["verdict"]["notes"] if "later turns were sent late" in note]
    # 2, 3 and 4 turns in the first three sessions, and 4 in the six others.
    assert note.startswith("24 of 24 later turns")
    assert run.summary["arrivals"]["achieved_rate"] < 1000


def test_time_ends_the_run(tmp_path: Path, server: SimulatorProcess) -> None:
    run = users(tmp_path, server, "--users", 4, "--user-rate", 40, "--duration", 1.2, "--workers", 2)
    assert run.code == 0, run.err
    requests = run.summary["requests"]
    assert requests["planned"] is None
    assert requests["completed"] == requests["sent"] == pytest.approx(48, abs=1)
    assert run.summary["arrivals"]["achieved_rate"] == pytest.approx(40, rel=0.05)
    turns = np.bincount(Run.load(run.folder).rows["conversation"])
    assert turns[:4].tolist() == [1, 2, 3, 4]


def test_a_failed_turn_ends_the_session_but_not_the_user(tmp_path: Path) -> None:
    with start_simulator(["--decode-base-ms", "1", "--fault", "http-500:0.3"]) as faulty:
        run = users(tmp_path, faulty, "--users", 2, "--user-rate", 100, "--num-requests", 80)
    requests = run.summary["requests"]
    assert requests["failed"] > 0
    assert requests["not_sent"] > 0
    assert requests["completed"] + requests["failed"] + requests["not_sent"] == requests["planned"]
    assert run.summary["turns"][0]["sent"] == 20


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--users", 3), "--users and --user-rate go together"),
        (("--users", 3, "--user-rate", 3, "--rate", 5), "--user-rate sets when each turn is sent; leave out --rate"),
        (("--users", 3, "--user-rate", 3, "--think-time", 1), "leave out --think-time"),
        (("--users", 3, "--user-rate", 3, "--concurrency", 2), "--users 3 is the limit of requests in flight"),
        (("--users", 3, "--user-rate", 3, "--slots", "requests"), "leave out --slots"),
        (("--users", 30, "--user-rate", 3, "--num-requests", 40), "--users 30 are more than the 10 sessions"),
        (("--users", 3, "--user-rate", 3, "--dataset", "random"), "--users needs a --dataset of sessions"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit(
    tmp_path: Path, server: SimulatorProcess, args: tuple[object, ...], message: str
) -> None:
    given = [one for one in ("--url", server.url, "--backend", "openai-chat", "--input-len", 4) if one]
    talks = () if "random" in args else ("--dataset", "conversations", "--turns", 4)
    run = run_load(tmp_path / "out", *given, *talks, *args)
    assert run.code == 2
    assert message in run.err
