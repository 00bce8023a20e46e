"""A beginning of the load that is sent but not measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.simulators import start_simulator
from tests.system.running import Finished, run_load

pytestmark = pytest.mark.xdist_group("timing")


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorProcess]:
    with start_simulator(["--decode-base-ms", "10", "--decode-per-seq-us", "5"]) as simulator:
        yield simulator


def load(folder: Path, server: SimulatorProcess, *args: object) -> Finished:
    server.reset()
    run = run_load(folder, "--url", server.url, "--no-progress", "--input-len", 4, *args)
    assert run.code == 0, run.err
    return run


def test_requests_that_began_in_it_are_in_no_figure(tmp_path: Path, server: SimulatorProcess) -> None:
    steady = ("--rate", 40, "--arrival", "constant", "--output-len", 20)
    run = load(tmp_path, server, *steady, "--warmup-time", "1s", "--duration", "1.5s", "--workers", 2)
    requests = run.summary["requests"]
    assert requests["warm_up"] == pytest.approx(40, abs=1)
    assert requests["completed"] == pytest.approx(60, abs=1)
    assert requests["completed"] + requests["warm_up"] == requests["planned"] + requests["warm_up"] == 100
    assert server.truth()["requests"] == 100
    # From the end of the warm-up to the last answer, which takes about 0.2 s.
    assert run.summary["duration"] == pytest.approx(1.7, abs=0.15)
    assert run.summary["arrivals"]["achieved_rate"] == pytest.approx(40, rel=0.05)
    assert run.summary["total_output_tokens"] == 20 * requests["completed"]
    rows = [json.loads(line) for line in (run.folder / "requests.jsonl").read_text().splitlines()]
    assert len(rows) == requests["completed"]
    assert min(row["planned_ms"] for row in rows) >= 0
    # The gaps of the others are not among those of tokens, nor are they lost.
    assert run.summary["itl_from"] == "token_log"
    measured = Measured(Run.load(run.folder))
    assert measured.gaps_ns is not None
    assert len(measured.gaps_ns) == (measured.run.rows["content_events"] - 1).sum() > 0
    assert (
        f"The first 1 s of the load were its warm-up: {requests['warm_up']} requests that began then are"
        in run.out
    )


def test_planned_is_what_is_counted_and_what_was_in_flight_still_is(
    tmp_path: Path, server: SimulatorProcess
) -> None:
    closed = ("--concurrency", 4, "--num-requests", 16, "--output-len", 50)
    run = load(tmp_path, server, *closed, "--warmup-time", "0.75s")
    requests = run.summary["requests"]
    # Four at a time, for half a second each: those that began at 0 and 0.5 s are left out.
    assert (requests["warm_up"], requests["planned"], requests["completed"]) == (8, 8, 8)
    # Those in flight at 0.75 s, which are in no figure of requests, held their slots till about 1 s.
    assert run.summary["in_flight"]["mean"] == pytest.approx(4, abs=0.3)
    assert run.summary["in_flight"]["peak"] == 4


def test_turns_that_are_left_out_are_not_missing(tmp_path: Path, server: SimulatorProcess) -> None:
    talks = ("--dataset", "conversations", "--backend", "openai-chat", "--turns", 3, "--output-len", 20)
    run = load(tmp_path, server, *talks, "--concurrency", 4, "--num-requests", 24, "--warmup-time", "0.3s")
    requests = run.summary["requests"]
    rows = Run.load(run.folder).rows
    assert requests["warm_up"] + requests["planned"] == 24
    assert requests["planned"] == requests["completed"] == len(rows)
    by_turn = np.bincount(rows["turn"], minlength=3).tolist()
    assert [turn["planned"] for turn in run.summary["turns"]] == by_turn
    assert [turn["not_sent"] for turn in run.summary["turns"]] == [0, 0, 0]
    assert by_turn[0] < 8
    assert run.summary["in_flight"]["peak"] == 4
    assert not any("allowed" in reason for reason in run.summary["verdict"]["reasons"])
