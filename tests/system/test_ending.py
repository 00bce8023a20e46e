"""Runs that are ended from outside: by signals, by a terminal that closes, by the death of the coordinator."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
from pathlib import Path

import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess, start_simulator
from tests.conftest import QUICK
from tests.system.running import (
    LOAD,
    descendants,
    environment,
    finish,
    kill,
    rows_begun,
    run_command,
    run_load,
    start_command,
    start_load,
    wait_for,
    wait_for_rows,
)
from tests.waiting import readable

LONG = ("--rate", 100, "--num-requests", 6_000, "--input-len", 8, "--output-len", 12)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_with_a_report(
    number: signal.Signals, tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    process = start_load(tmp_path, "--url", quick_simulator.url, *LONG)
    wait_for_rows(process, tmp_path)
    process.send_signal(number)
    done = finish(process, tmp_path)
    assert done.code == 130, done.err
    assert done.summary["outcome"] == "interrupted"
    assert done.summary["completed"] > 0
    assert done.summary["failed"] == 0, "what was in flight was let finish"
    assert (done.folder / "report.html").exists()
    assert not (done.folder / "records" / "shared.bin").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_prompts_are_made_leaves_nothing(
    number: signal.Signals, tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    process = start_load(tmp_path, "--url", quick_simulator.url, "--num-requests", 3_000_000)
    wait_for(process, lambda: any(tmp_path.glob("*/records/bodies.bin")))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in out + err
    assert "interrupted" in err
    assert list(tmp_path.iterdir()) == []


def test_a_signal_during_the_warm_up_ends_the_run_and_its_workers(tmp_path: Path) -> None:
    with start_simulator([*QUICK, "--fault", "stall:1"]) as simulator:
        process = start_load(tmp_path, "--url", simulator.url, *LONG, "--warmup", 4, "--workers", 2)
        wait_for(process, lambda: simulator.truth()["requests"] >= 4)
        workers = [os.pidfd_open(pid) for pid in descendants(process.pid)]
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        done = finish(process, tmp_path)
    assert done.code == 130, done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert done.summary["outcome"] == "interrupted"
    assert done.summary["requests"]["sent"] == 0
    assert len(workers) == 2
    for worker in workers:
        # Readable, as the process has ended.
        assert readable(worker, 0.0)
        os.close(worker)


def test_a_signal_while_the_report_is_written_leaves_the_records(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    args = ("--rate", 400, "--num-requests", 300, "--input-len", 8, "--output-len", 4, "--no-progress")
    process = start_load(tmp_path, "--url", quick_simulator.url, *args)
    # The records are closed once the block of the workers is gone.
    wait_for(
        process,
        lambda: any(tmp_path.glob("*/records/hist-0.bin")) and not any(tmp_path.glob("*/records/shared.bin")),
    )
    process.send_signal(signal.SIGTERM)
    done = finish(process, tmp_path)
    assert "Traceback" not in done.out + done.err
    assert not list(done.folder.glob("*.part"))
    if done.code != 0:
        # Else it was still the run that was asked to end, and that had nothing left to do.
        assert done.code == 130, done.out + done.err
        assert "interrupted" in done.err
    assert Run.load(done.folder).outcome == "finished"
    assert run_command("report", done.folder).returncode == 0
    assert (done.folder / "report.html").exists()


def test_a_terminal_that_closes_ends_the_run_with_a_report(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*LOAD, "--work-dir", str(tmp_path), "--url", quick_simulator.url, *map(str, LONG)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment(),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)

    def begun() -> bool:
        # Read as a terminal would, or its buffer fills.
        if readable(master, 0.0):
            os.read(master, 65536)
        return rows_begun(tmp_path) >= 30

    wait_for(process, begun)
    os.close(master)
    # The signal goes to the whole group, the workers included.
    assert process.wait(60) == 130
    (folder,) = tmp_path.iterdir()
    assert Run.load(folder).outcome == "interrupted"
    assert (folder / "report.html").exists()


def test_nohup_is_respected(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    process = subprocess.Popen(
        [
            *("nohup", *LOAD, "--work-dir", str(tmp_path), "--url", quick_simulator.url, "--no-progress"),
            *("--rate", "100", "--num-requests", "100", "--input-len", "8", "--output-len", "4"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    wait_for_rows(process, tmp_path)
    process.send_signal(signal.SIGHUP)
    done = finish(process, tmp_path)
    assert done.code == 0, done.err
    assert done.summary["completed"] == 100


def test_a_run_that_is_killed_leaves_records_and_no_shared_memory(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    before = set(Path("/dev/shm").iterdir())
    process = start_load(tmp_path, "--url", quick_simulator.url, *LONG, "--workers", 2)
    wait_for_rows(process, tmp_path)
    kill(process)
    (folder,) = tmp_path.iterdir()
    assert len(Run.load(folder).rows) >= 30
    assert not (folder / "records" / "shared.bin").exists()
    assert {path for path in Path("/dev/shm").iterdir() if "aisbench" in path.name} <= before


def test_a_search_that_is_ended_between_its_runs_has_its_result(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    search = ("--over", "concurrency", "--sweep", "1,2", "--step", 1, "--input-len", 8, "--output-len", 4)
    process = start_command("saturate", "--url", quick_simulator.url, *search, "--work-dir", tmp_path)
    wait_for(process, lambda: any(tmp_path.glob("*/steps/*/summary.json")))
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert len(list(tmp_path.glob("*/saturation.json"))) == 1


def test_requests_that_run_out_early_have_the_rest_of_the_duration(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    done = run_load(
        *(tmp_path, "--url", quick_simulator.url, "--num-requests", 4, "--duration", 60, "--grace", 0),
        *("--input-len", 8, "--output-len", 400),
    )
    assert done.code == 0, done.err
    assert (done.summary["completed"], done.summary["requests"]["cancelled"]) == (4, 0)
    assert done.summary["duration"] < 30, "it ends with the last answer"
