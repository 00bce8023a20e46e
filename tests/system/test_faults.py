"""What goes wrong: before the start one clear line, while it runs a count by kind and the rest goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.in_flight import InFlight
from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess, start_simulator
from tests.conftest import QUICK
from tests.forks import Fork
from tests.native.servers import read_request, serving
from tests.system.running import Finished, finish, run_command, run_load, start_load, wait_for, wait_for_rows
from tests.waiting import wait_until

SHORT = ("--input-len", 20, "--output-len", 12)


def refused(done: Finished, *words: str, code: int = 2) -> None:
    """Exit code 2, one line that holds `words`, nothing written."""
    assert done.code == code, done.out + done.err
    line = done.err.strip()
    assert line.startswith("error: "), line
    assert "\n" not in line
    for word in words:
        assert word in line, line
    assert not done.work_dir.exists() or not any(done.work_dir.iterdir())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--rate", "-1"], ["--rate", "above 0"]),
        (["--rate", "nan"], ["--rate", "nan"]),
        (["--rate", "fast"], ["--rate", "fast"]),
        (["--burstiness", "0"], ["--burstiness"]),
        (["--concurrency", "0"], ["--concurrency", "at least 1"]),
        (["--concurrency", "-5"], ["--concurrency"]),
        (["--num-requests", "0"], ["--num-requests"]),
        (["--duration", "nan"], ["--duration"]),
        (["--duration", "inf"], ["--duration"]),
        (["--timeout", "0"], ["--timeout"]),
        (["--workers", "0"], ["--workers"]),
        (["--output-len", "0"], ["--output-len"]),
        (["--input-len", "-3"], ["--input-len"]),
        (["--max-chunk-size", "0"], ["--max-chunk-size"]),
        (["--seed", "-1"], ["--seed"]),
        (["--grace", "nan"], ["--grace"]),
        (["--temperature", "nan"], ["--temperature"]),
        (["--range-ratio", "1"], ["--range-ratio"]),
        (["--range-ratio", "nan"], ["--range-ratio"]),
        (["--late", "drop:soon"], ["--late", "drop:MS"]),
        (["--arrival", "poisson"], ["--arrival", "--rate"]),
        (["--rate", "5", "--arrival", "posson"], ["--arrival", "poisson"]),
        (["--ramp-up", "linear"], ["--ramp-from"]),
        (["--percentiles", "101"], ["--percentiles", "101"]),
        (["--goodput", "ttft:-5"], ["--goodput", "ttft:500"]),
        (["--goodput", "speed:5"], ["--goodput", "speed", "ttft"]),
        (["--extra-body", "{"], ["--extra-body", "JSON"]),
        (["--backend", "opnai"], ["--backend", "openai"]),
        (["--dataset", "randon"], ["--dataset", "random"]),
        (["--header", "nonsense"], ["--header", "NAME:VALUE"]),
        (["--tokenizer", "/nowhere/at/all"], ["--tokenizer", "/nowhere/at/all", "no such folder"]),
        (["--endpoint", "v1/chat"], ["--endpoint", "slash"]),
        (["--endpoint", "/v1/ché"], ["--endpoint", "/v1/ch%C3%A9"]),
        (["--endpoint", "/v1\r\nX: y"], ["--endpoint", "percent-encoded"]),
        (["--url", "http://127.0.0.1:1/é"], ["--url", "/%C3%A9"]),
        (["--url", "http://127.0.0.1:1/v1\r\nX: y"], ["--url", "percent-encoded"]),
        (["--api-key", "sk-\r\nsecret"], ["AISBENCH_API_KEY", "line break"]),
        (["--api-key", "sk-ключ"], ["AISBENCH_API_KEY", "Latin-1"]),
        (["--fail-on", "ttft_p99=500"], ["--fail-on", "'ttft_p99=500'", "ttft_p99>500"]),
        (["--fail-on", "speed>5"], ["--fail-on", "'speed'", "error_rate"]),
        (["--omit-field", "stream"], ["--omit-field stream"]),
        (["--duration", "soon"], ["--duration", "30s"]),
        (["--no-such-option"], ["no-such-option"]),
        (["--config", "/nowhere.yaml"], ["--config", "/nowhere.yaml"]),
    ],
)
def test_bad_options_are_one_clear_line(
    flags: list[str], words: list[str], tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    refused(run_load(tmp_path / "out", "--url", quick_simulator.url, *flags), *words)


def test_an_unknown_option_in_a_config_file_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("rat: 5\n")
    refused(run_load(tmp_path / "out", "--config", tmp_path / "c.yaml"), "rat (did you mean rate?)")


def test_an_unknown_host(tmp_path: Path) -> None:
    refused(
        run_load(tmp_path / "out", "--url", "http://no-such-host.invalid:8000"),
        "--url",
        "no-such-host.invalid",
    )


def test_a_port_that_refuses(tmp_path: Path) -> None:
    with socket.socket() as taken:
        # Bound but not listening: nobody else gets the port, and it refuses.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused(
            run_load(tmp_path / "out", "--url", f"http://127.0.0.1:{port}"),
            "--url",
            str(port),
            "refused",
            code=1,
        )


def test_urls_that_are_none(tmp_path: Path) -> None:
    refused(run_load(tmp_path / "out", "--url", "ftp://127.0.0.1"), "--url", "http://host:port")
    refused(run_load(tmp_path / "out", "--url", "http://127.0.0.1:99999"), "--url")


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


def test_a_missing_key_is_said_before_the_start(tmp_path: Path) -> None:
    with start_simulator([*QUICK, "--api-key", "secret"]) as simulator:
        refused(run_load(tmp_path / "out", "--url", simulator.url), "401", "--api-key")
        done = run_load(
            tmp_path / "with", "--url", simulator.url, "--api-key", "secret", "--num-requests", 4, *SHORT
        )
        assert done.code == 0, done.err
        assert "secret" not in (done.folder / "config.yaml").read_text() + json.dumps(done.summary)
        wrong = run_load(
            tmp_path / "wrong",
            "--url",
            simulator.url,
            "--api-key",
            "x",
            "--model",
            "m",
            "--num-requests",
            4,
            *SHORT,
        )
        assert wrong.code == 1
        assert wrong.summary["errors"] == {"http_401": 4}


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


def workers_of(process: Fork) -> list[int]:
    """The process ids of a run's workers, in order."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    found = [
        pid for pid in children if "aisbench.engine.crew.worker" in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    return sorted(map(int, found))


def test_after_a_worker_is_killed_the_other_finishes_at_the_full_limit(tmp_path: Path) -> None:
    with start_simulator(["--decode-base-ms", "4"]) as simulator:
        process = start_load(
            tmp_path,
            *("--url", simulator.url, "--concurrency", 6, "--num-requests", 240, "--workers", 2),
            *("--prefill-concurrency", 4, "--grace", 5, *SHORT),
        )
        wait_for_rows(process, tmp_path)
        os.kill(workers_of(process)[1], signal.SIGKILL)
        done = finish(process, tmp_path)
    assert done.code == 1, done.err
    requests, verdict = done.summary["requests"], done.summary["verdict"]
    # Each worker had half of the limit.
    assert 1 <= requests["lost"] <= 3
    # Perhaps a ticket that it had taken and not yet sent.
    assert 0 <= requests["not_sent"] <= 1
    assert requests["planned"] == 240 == requests["completed"] + requests["lost"] + requests["not_sent"]
    assert done.summary["outcome"] == "failed"
    assert done.summary["outcome_reason"] == "worker 1 died (signal 9, SIGKILL); see logs/worker-1.log"
    assert verdict["status"] == "invalid"
    lost = "1 request that it had in flight is lost."
    if requests["lost"] > 1:
        lost = f"{requests['lost']} requests that it had in flight are lost."
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


def test_a_folder_that_is_deleted_during_the_run_is_one_line(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    process = start_load(tmp_path, "--url", quick_simulator.url, "--concurrency", 4, "--duration", 1, *SHORT)
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


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    report = run_command("report", tmp_path)
    assert report.returncode == 2
    assert report.stderr.startswith("error: ")
    assert "Traceback" not in report.stderr


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
