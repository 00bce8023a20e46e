"""Workers that are killed or stopped while the load runs: what the others do, and what the report says."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import time
from pathlib import Path

import numpy as np

from aisbench.analysis.in_flight import InFlight
from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.conftest import QUICK
from tests.native.servers import DONE, HEAD, read_request, serving, token
from tests.simulators import start_simulator
from tests.system.gate import Gate
from tests.system.running import finish, start_load, wait_for, wait_for_rows, workers_of
from tests.waiting import wait_until

SHORT = ("--input-len", 20, "--output-len", 12)


def test_after_a_worker_is_killed_the_other_finishes_at_the_full_limit(tmp_path: Path) -> None:
    after_30 = Gate()
    asked = itertools.count(1)

    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(HEAD + token())
            if next(asked) > 30:
                after_30.wait()
            client.sendall(token() + DONE)

    with serving(handle) as (host, port):
        process = start_load(
            tmp_path,
            *("--url", f"http://{host}:{port}", "--model", "m", "--no-server-metrics", "--concurrency", 6),
            *("--num-requests", 240, "--workers", 2, "--prefill-concurrency", 4, "--grace", 5, *SHORT),
        )
        wait_for(process, lambda: after_30.waiting == 6)
        os.kill(workers_of(process)[1], signal.SIGKILL)
        # The other has the dead one's slots.
        wait_for(process, lambda: after_30.waiting == 9)
        after_30.open()
        done = finish(process, tmp_path)
    assert done.code == 1, done.err
    requests, verdict = done.summary["requests"], done.summary["verdict"]
    # Each worker had half of the limit.
    assert requests["lost"] == 3
    # Perhaps a ticket that it had taken and not yet sent.
    assert 0 <= requests["not_sent"] <= 1
    assert requests["planned"] == 240 == requests["completed"] + requests["lost"] + requests["not_sent"]
    assert done.summary["outcome"] == "failed"
    assert done.summary["outcome_reason"] == "worker 1 died (signal 9, SIGKILL); see logs/worker-1.log"
    assert verdict["status"] == "invalid"
    lost = "3 requests that it had in flight are lost."
    assert f"Worker 1 died: signal 9, SIGKILL. {lost}" in verdict["reasons"]
    assert not any("allowed" in reason for reason in verdict["reasons"])
    assert "see logs/worker-1.log; the others go on" in done.out + done.err
    assert (done.folder / "report.html").exists()
    run = Run.load(done.folder)
    died_ns = run.workers[1]["died_ns"] - run.start_ns
    in_flight = InFlight.of(run)
    assert in_flight.peak == 6
    # The other worker alone has had all slots since.
    assert in_flight.peaks(np.array([died_ns, run.duration_ns])).tolist() == [6]


def test_a_worker_that_was_stopped_makes_the_run_doubtful(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    """Only one request of the open loop is late, so no percentile shows it."""
    process = start_load(
        tmp_path, *("--url", quick_simulator.url, "--rate", 60, "--duration", 2, "--workers", 2, *SHORT)
    )
    wait_for_rows(process, tmp_path)
    stopped = workers_of(process)[1]
    os.kill(stopped, signal.SIGSTOP)
    begun = time.monotonic()
    wait_until(lambda: time.monotonic() > begun + 1.2)
    os.kill(stopped, signal.SIGCONT)
    done = finish(process, tmp_path)
    assert done.code == 0, done.err
    (pause,) = [
        one for one in done.summary["verdict"]["checks"] if one["name"] == "longest pause of a worker"
    ]
    assert pause["value"] > 1150
    assert pause["status"] == "doubtful"


def test_when_all_workers_are_killed_their_records_are_reported(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    process = start_load(
        tmp_path,
        *("--url", quick_simulator.url, "--rate", 100, "--num-requests", 2000, "--workers", 2, *SHORT),
    )
    wait_for_rows(process, tmp_path)
    for pid in workers_of(process):
        os.kill(pid, signal.SIGKILL)
    done = finish(process, tmp_path)
    assert done.code == 1
    requests, reasons = done.summary["requests"], done.summary["verdict"]["reasons"]
    assert done.summary["outcome"] == "failed"
    assert all(any(f"Worker {n} died: signal 9" in reason for reason in reasons) for n in (0, 1))
    assert requests["planned"] == 2000 == requests["completed"] + requests["lost"] + requests["not_sent"]
    assert requests["completed"] > 0
    assert (done.folder / "report.html").exists()


def test_a_worker_killed_during_the_warm_up_leaves_none_of_its_files(tmp_path: Path) -> None:
    with start_simulator([*QUICK, "--fault", "stall:1"]) as simulator:
        process = start_load(
            tmp_path,
            *("--url", simulator.url, "--rate", 100, "--num-requests", 20, "--workers", 2, "--warmup", 4),
            *("--no-server-metrics", "--no-device-metrics", *SHORT),
        )
        wait_for(process, lambda: simulator.truth()["requests"] >= 4)
        os.kill(workers_of(process)[1], signal.SIGKILL)
        done = finish(process, tmp_path)
    assert done.code == 1, done.out + done.err
    assert "worker 1 died (signal 9, SIGKILL)" in done.err
    names = {path.name for path in (done.folder / "records").iterdir()}
    # Those of a worker whose warm-up ended.
    assert {name for name in names if "-1." in name or "-0." in name} == {
        f"{kind}-{worker}.bin" for kind in ("rows", "hist", "flow") for worker in (0, 1)
    }
    assert not [name for name in names if "warmup" in name or "100" in name]
