"""Runs that are ended from outside: by signals, by a terminal that closes, by the death of the coordinator."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import socket
import subprocess
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.conftest import QUICK
from tests.simulators import start_simulator
from tests.system.running import (
    LOAD,
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
    workers_of,
)
from tests.system.scripted import Asked, Reply, chat, scripted
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


@contextlib.contextmanager
def full_listener(*, has_room: int) -> Iterator[int]:
    """The port of a listener that accepts nothing, and in whose queue are `has_room` places, 0 or 1."""
    with socket.socket() as listener, socket.socket() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        if not has_room:
            waiting.connect(listener.getsockname())
        yield listener.getsockname()[1]


def connecting_to(port: int) -> int:
    """How many connections to a local port are being made."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    syn_sent = "02"
    return sum(one[2] == f"0100007F:{port:04X}" and one[3] == syn_sent for one in lines)


@pytest.mark.parametrize("second", ["none", "at once", "at the end"])
def test_a_signal_before_the_server_is_reached_leaves_nothing(second: str, tmp_path: Path) -> None:
    with full_listener(has_room=0) as port:
        process = start_load(tmp_path, "--url", f"http://127.0.0.1:{port}", *LONG)
        wait_for(process, lambda: connecting_to(port))
        process.send_signal(signal.SIGINT)
        said = ""
        if second == "at the end":
            while "interrupted" not in said:
                said += process.stderr.readline()
        if second != "none":
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out.strip(), (said + err).strip()) == (130, "", "interrupted")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_while_the_server_does_not_say_its_model_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = start_load(tmp_path, "--url", f"http://127.0.0.1:{listener.getsockname()[1]}", *LONG)
        listener.accept()[0].close()
        with listener.accept()[0] as asking:
            assert asking.recv(65536).startswith(b"GET /v1/models ")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out.strip(), err.strip()) == (130, "", "interrupted")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("signals", [1, 2])
def test_a_signal_while_the_workers_connect_ends_the_run_and_its_workers(
    signals: int, tmp_path: Path
) -> None:
    # The one place is taken by the look whether the server is there.
    with full_listener(has_room=1) as port:
        process = start_load(
            *(tmp_path, "--url", f"http://127.0.0.1:{port}", "--model", "m", *LONG, "--no-server-metrics"),
            *("--concurrency", 8, "--workers", 2, "--warmup", 2, "--no-device-metrics"),
        )
        wait_for(process, lambda: connecting_to(port) == 8)
        for _ in range(signals):
            process.send_signal(signal.SIGINT)
        done = finish(process, tmp_path)
    assert done.code == 130, done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert (done.summary["outcome"], done.summary["requests"]["sent"]) == ("interrupted", 0)
    # They ended by themselves, before anyone lost patience with them.
    assert [worker["died"] for worker in Run.load(done.folder).workers] == [None, None]
    assert (done.folder / "report.html").exists()
    assert not list((done.folder / "records").glob("*warmup*"))


def test_a_signal_during_the_warm_up_ends_the_run_and_its_workers(tmp_path: Path) -> None:
    with start_simulator([*QUICK, "--fault", "stall:1"]) as simulator:
        process = start_load(tmp_path, "--url", simulator.url, *LONG, "--warmup", 4, "--workers", 2)
        wait_for(process, lambda: simulator.truth()["requests"] >= 4)
        workers = [os.pidfd_open(pid) for pid in workers_of(process)]
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


@pytest.mark.parametrize(
    ("flag", "held", "sent"),
    [("--reset-prefix-cache", "/reset_prefix_cache", 0), ("--profile", "/stop_profile", 2)],
)
def test_a_signal_while_a_server_does_not_answer_the_coordinator_ends_the_run(
    flag: str, held: str, sent: int, tmp_path: Path
) -> None:
    asked, over, gave_up = threading.Event(), threading.Event(), threading.Event()

    def reply(request: Asked) -> Reply:
        if request.path == held:
            asked.set()
            if not over.wait(30.0):
                gave_up.set()
        return chat(request)

    with scripted(reply) as (url, _):
        process = start_load(
            *(tmp_path, "--url", url, "--model", "m", "--backend", "openai-chat", flag, "--num-requests", 2),
            *("--input-len", 8, "--output-len", 1),
        )
        wait_for(process, asked.is_set)
        process.send_signal(signal.SIGINT)
        done = finish(process, tmp_path)
        assert not gave_up.is_set()
        over.set()
    assert done.code == 130, done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert (done.summary["outcome"], done.summary["requests"]["sent"]) == ("interrupted", sent)
    assert f"{flag}: " in done.out + done.err
    assert "had not answered when the run was stopped" in done.out + done.err
    assert (done.folder / "report.html").exists()


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
