"""Traces of sessions from the command line over real sockets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.system.running import Finished, run_load
from tests.workload.traces.made import written
from tests.workload.traces.test_bailian import chat
from tests.workload.traces.test_weka import CHAIN, FORKED


def replay(tmp_path: Path, simulator: SimulatorProcess, path: Path, *args: object) -> Finished:
    run = run_load(
        tmp_path / "out",
        *("--url", simulator.url, "--no-progress", "--dataset", "trace", "--dataset-path", path),
        *args,
    )
    assert run.code == 0, run.err + run.out
    assert run.summary["failed"] == 0
    return run


def test_turns_leave_at_their_recorded_times(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    chats = [
        chat(1, -1, 10.0, 20, [1, 2]),
        chat(2, 1, 10.3, 40, [1, 3, 4], turn=2),
        chat(3, -1, 10.1, 20, [5, 6]),
        chat(4, 2, 10.3, 50, [1, 3, 4, 7], turn=3),
    ]
    run = replay(tmp_path, quick_simulator, written(tmp_path / "t.jsonl", chats))
    assert run.summary["completed"] == 4
    assert run.summary["total_input_tokens"] == 130
    rows = Run.load(run.folder).rows
    session, turn, planned, done = (rows[name] for name in ("conversation", "turn", "planned_ns", "done_ns"))
    first, second, third = (np.flatnonzero((session == 0) & (turn == i))[0] for i in range(3))
    (other,) = np.flatnonzero(session == 1)
    assert planned[other] - planned[first] == 100_000_000
    assert planned[second] - planned[first] >= 300_000_000
    # Due at once with the second turn, the third waits for that one's answer.
    assert planned[third] == done[second]
    assert any(note.startswith("a later turn is sent at its recorded time") for note in run.summary["notes"])
    assert any(
        "no later turn finds an answer of the server in its cache" in note for note in run.summary["notes"]
    )


def test_sub_agents_of_a_session_are_sent_and_awaited(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    path = written(tmp_path / "t.jsonl", [FORKED])
    run = replay(tmp_path, quick_simulator, path, "--concurrency", 4, "--speedup", 20)
    assert run.summary["completed"] == 5
    rows = Run.load(run.folder).rows
    order = rows["turn"].argsort()
    sent, done = rows["sent_ns"][order], rows["done_ns"][order]
    assert sent[4] > max(done[0], done[2], done[3])
    assert min(sent[1], sent[3]) > done[0]


def test_a_scenario_says_what_it_is(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    path = written(tmp_path / "t.jsonl", [CHAIN])
    run = run_load(
        tmp_path / "out",
        *("--url", quick_simulator.url, "--no-progress", "--scenario", "agentx", "--dataset-path", path),
        *("--concurrency", 2, "--duration", 1, "--unsafe-override"),
    )
    assert run.code == 0, run.err + run.out
    notes = run.summary["notes"]
    assert any(note.startswith("scenario agentx: --dataset trace --trace-format weka") for note in notes)
    assert "this is not a run of scenario agentx: --unsafe-override allowed --duration 1" in notes
    assert any(
        note.startswith("not as in scenario agentx: sessions begin at their first turn") for note in notes
    )
    assert "was drawn" not in run.err + run.out
