"""What goes wrong while a run goes on: a count by kind, and the rest goes on; a signal, or a folder that vanishes."""

from __future__ import annotations

import json
import shutil
import signal
import socket
from pathlib import Path

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.conftest import QUICK
from tests.native.servers import read_request, serving
from tests.simulators import start_simulator
from tests.system.running import finish, run_command, run_load, start_load, wait_for, wait_for_rows

SHORT = ("--input-len", 20, "--output-len", 12)


def test_a_wrong_path_fails_the_run_and_shows_the_answer(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    done = run_load(
        tmp_path, "--url", quick_simulator.url, "--endpoint", "/v1/compl", "--num-requests", 5, *SHORT
    )
    assert done.code == 1
    assert done.summary["completed"] == 0
    assert done.summary["errors"] == {"http_404": 5}
    assert "Not Found" in done.out
    assert "Traceback" not in done.out + done.err


def test_a_hopeless_run_stops_early(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    done = run_load(
        tmp_path,
        "--url",
        quick_simulator.url,
        "--endpoint",
        "/v1/compl",
        "--num-requests",
        20_000,
        "--rate",
        1000,
        *SHORT,
    )
    assert done.code == 1
    assert 100 <= done.summary["failed"] < 20000
    assert "stopped early" in done.summary["outcome_reason"]


@pytest.mark.parametrize(
    ("fault", "kind", "extra"),
    [
        ("http-500", "http_500", ()),
        ("html", "content_type", ()),
        ("cut", "stream_cut", ()),
        ("stall", "timeout", ("--timeout", 1.5, "--concurrency", 30)),
        ("malformed", "bad_event", ()),
        ("error-event", "error_event", ()),
        ("huge-event", "event_too_large", ("--max-chunk-size", 1 << 20)),
    ],
)
def test_faults_are_counted_by_kind_while_the_rest_goes_on(
    fault: str, kind: str, extra: tuple[object, ...], tmp_path: Path
) -> None:
    with start_simulator([*QUICK, "--fault", f"{fault}:0.3"]) as simulator:
        done = run_load(
            tmp_path,
            "--url",
            simulator.url,
            "--concurrency",
            8,
            "--num-requests",
            60,
            "--json",
            *SHORT,
            *extra,
        )
    assert done.code == 0, done.err
    summary = done.summary
    assert set(summary["errors"]) == {kind}
    assert 5 <= summary["failed"] <= 40
    assert summary["completed"] + summary["failed"] == 60
    assert summary["error_samples"][0]["kind"].startswith(kind.split("_5")[0])


def test_an_event_over_the_limit_names_the_option(tmp_path: Path) -> None:
    with start_simulator([*QUICK, "--fault", "huge-event:1", "--huge-event-bytes", "66000"]) as simulator:
        failing = run_load(
            tmp_path / "a", "--url", simulator.url, "--num-requests", 3, "--max-chunk-size", 65536, *SHORT
        )
        passing = run_load(tmp_path / "b", "--url", simulator.url, "--num-requests", 3, *SHORT)
    assert failing.code == 1
    assert "--max-chunk-size" in failing.out
    assert passing.code == 0
    assert passing.summary["completed"] == 3


def test_ctrl_c_lets_requests_finish_and_reports(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    process = start_load(
        tmp_path,
        "--url",
        quick_simulator.url,
        "--rate",
        50,
        "--num-requests",
        5000,
        "--input-len",
        20,
        "--output-len",
        40,
    )
    wait_for_rows(process, tmp_path)
    process.send_signal(signal.SIGINT)
    done = finish(process, tmp_path)
    assert done.code == 130, done.err
    assert "Traceback" not in done.out + done.err
    summary = done.summary
    assert summary["outcome"] == "interrupted"
    assert summary["completed"] > 0
    assert summary["failed"] == 0, "what was in flight was let finish"
    assert (done.folder / "report.html").exists()


def test_a_second_ctrl_c_gives_up_what_is_in_flight(tmp_path: Path) -> None:
    with start_simulator([*QUICK, "--fault", "stall:0.9"]) as simulator:
        process = start_load(
            tmp_path, "--url", simulator.url, "--concurrency", 10, "--num-requests", 5000, *SHORT
        )
        wait_for_rows(process, tmp_path, wanted=10)
        process.send_signal(signal.SIGINT)
        folder = next(tmp_path.iterdir())
        wait_for(process, lambda: read_stop(folder) >= 1)
        process.send_signal(signal.SIGINT)
        done = finish(process, tmp_path)
    assert done.code == 130, done.err
    statuses = [
        json.loads(line)["status"] for line in (done.folder / "requests.jsonl").read_text().splitlines()
    ]
    assert "cancelled" in statuses
    assert "in_flight" not in statuses


def test_a_folder_that_is_deleted_during_the_run_is_one_line(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    process = start_load(tmp_path, "--url", quick_simulator.url, "--concurrency", 4, "--duration", 60, *SHORT)
    wait_for_rows(process, tmp_path)
    (folder,) = tmp_path.iterdir()
    shutil.rmtree(folder)
    done = finish(process, tmp_path)
    assert done.code == 1
    assert "Traceback" not in done.out + done.err
    assert f"error: the run's folder {folder} is gone, and its records with it" in done.err


def test_a_killed_run_is_reported_from_its_records(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    process = start_load(
        tmp_path, "--url", quick_simulator.url, "--rate", 100, "--num-requests", 2000, *SHORT
    )
    wait_for_rows(process, tmp_path)
    process.kill()
    process.communicate()
    (folder,) = tmp_path.iterdir()
    assert not (folder / "summary.json").exists()
    report = run_command("report", folder)
    assert report.returncode == 0, report.stderr
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["completed"] > 0
    assert summary["outcome"] == "failed"
    assert (folder / "report.html").stat().st_size > 1_000_000


def read_stop(folder: Path) -> int:
    with (folder / "records" / "shared.bin").open("rb") as file:
        return int.from_bytes(file.read(56)[48:56], "little")


def test_a_condition_that_fails_a_run(tmp_path: Path) -> None:
    """Without one, failures alone are no failure of the command."""
    with start_simulator([*QUICK, "--fault", "http-500:0.5"]) as simulator:
        args = ("--url", simulator.url, "--num-requests", 20, *SHORT)
        assert run_load(tmp_path / "a", *args).code == 0
        gated = run_load(tmp_path / "b", *args, "--fail-on", "error_rate>0.05 ttft_p99>60000")
    assert gated.code == 4
    assert "--fail-on error_rate>0.05: error_rate is" in gated.err
    assert "ttft_p99" not in gated.err


def test_a_field_that_the_server_refuses_can_be_left_out(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        if b"stream_options" in read_request(client):
            words = b'{"detail":[{"loc":["body","stream_options"],"msg":"unknown field"}]}'
            client.sendall(
                b"HTTP/1.1 422 Unprocessable\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
                % (len(words), words)
            )
        else:
            stream = b'data: {"choices":[{"text":"x","finish_reason":"stop"}]}\n\n'
            client.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n" + stream
            )

    with serving(handle) as (host, port):
        url = f"http://{host}:{port}"
        args = ("--url", url, "--model", "m", "--num-requests", 3, "--no-server-metrics", *SHORT)
        refused_run = run_load(tmp_path / "a", *args)
        done = run_load(tmp_path / "b", *args, "--omit-field", "stream_options")
    assert refused_run.summary["errors"] == {"http_422": 3}
    assert "--omit-field stream_options" in refused_run.out
    assert done.summary["completed"] == 3
