"""What `vllm bench serve` does beside its load, done by whole runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.system.running import finish, run_load, start_load

EVENTS = (
    b'data: {"choices": [{"text": "a", "finish_reason": "length"}]}\n\n'
    b'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}\n\n'
    b"data: [DONE]\n\n"
)
FEW = ("--model", "m", "--num-prompts", 4, "--max-concurrency", 2, "--input-len", 5, "--output-len", 1)


class Server(ThreadingHTTPServer):
    """Completions of one token, after `refusals` answers of 503; `asked`: (path, request id, body) in order."""

    daemon_threads = True

    def __init__(self, refusals: int) -> None:
        # It has its port, and refuses connections, until `serving` lets it listen.
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server_bind()
        self.refusals = refusals
        self.asked: list[tuple[str, str, bytes]] = []
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        self.answer(404, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.server.asked.append((self.path, self.headers.get("X-Request-Id") or "", body))
            refused = self.server.refusals > 0
            self.server.refusals -= 1
        if refused:
            self.answer(503, b"loading")
        elif self.path.endswith("_profile"):
            self.answer(200, b"")
        else:
            self.answer(200, EVENTS)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(refusals: int = 0, server: Server | None = None) -> Iterator[Server]:
    server = server or Server(refusals)
    server.server_activate()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_ready_check_waits_for_a_server_that_loads_its_model(tmp_path: Path) -> None:
    with serving(refusals=2) as server:
        done = run_load(tmp_path, "--port", server.port, "--ready-check-timeout-sec", 60, *FEW)
    assert done.code == 0, done.err
    assert done.summary["completed"] == 4
    assert done.summary["failed"] == 0
    assert "answered the first request with 503; waiting for up to 60 s" in done.out + done.err
    checks = server.asked[:3]
    assert all(json.loads(body)["prompt"] == "Hi" for _, _, body in checks)


def test_without_a_ready_check_nothing_is_sent_before_the_run(tmp_path: Path) -> None:
    with serving() as server:
        done = run_load(tmp_path, "--port", server.port, "--request-id-prefix", "job-", *FEW)
    assert done.code == 0, done.err
    assert sorted(name for _, name, _ in server.asked) == ["job-0", "job-1", "job-2", "job-3"]


def test_a_server_that_does_not_get_ready_ends_the_run(tmp_path: Path) -> None:
    with serving(refusals=1 << 30) as server:
        done = run_load(tmp_path, "--port", server.port, "--ready-check-timeout-sec", 1, *FEW)
    assert done.code != 0
    assert "answered the first request with 503 (waited 1 s, as --ready-check-timeout-sec says)" in done.err


def test_the_profiler_runs_from_before_the_first_request_to_after_the_last(tmp_path: Path) -> None:
    with serving() as server:
        done = run_load(tmp_path, "--port", server.port, "--profile", *FEW)
    assert done.code == 0, done.err
    assert server.paths() == ["/start_profile", *["/v1/completions"] * 4, "/stop_profile"]


def test_a_server_without_a_profiler_is_named(tmp_path: Path) -> None:
    with serving(refusals=1) as server:
        done = run_load(tmp_path, "--port", server.port, "--profile", *FEW)
    assert done.code == 0, done.err
    assert "/start_profile answered 503, so nothing was profiled" in done.out + done.err


def test_probes_are_timed_apart_from_the_load(tmp_path: Path) -> None:
    args = ("--probe-request-rate", 1000, "--percentile-metrics", "e2el")
    with serving() as server:
        done = run_load(tmp_path, "--port", server.port, *args, *FEW)
    assert done.code == 0, done.err
    probes = [body for _, _, body in server.asked if json.loads(body)["prompt"] == "Hi"]
    assert done.summary["completed"] == 4
    assert done.summary["probe_completed"] == len(probes) > 0
    assert done.summary["probe_failed"] == 0
    assert 0 < done.summary["probe_median_e2el_ms"] <= done.summary["probe_max_e2el_ms"]
    assert "Probe Requests" in done.out


def test_results_go_where_vllm_s_client_puts_them(tmp_path: Path) -> None:
    results = tmp_path / "results"
    args = ("--result-dir", results, "--append-result", "--label", "night", "--request-rate", 500)
    plots = ("--plot-timeline", "--plot-dataset-stats")
    with serving() as server:
        for i in range(2):
            done = run_load(
                tmp_path / str(i), "--port", server.port, *args, *FEW, "--result-filename", "r.json"
            )
            assert done.code == 0, done.err
        named = run_load(tmp_path / "named", "--port", server.port, *args, *FEW, "--save-result", *plots)
    first, second = map(json.loads, (results / "r.json").read_text().split("\n"))
    assert first["label"] == second["label"] == "night"
    assert first["completed"] == 4
    date = json.loads((named.folder / "vllm.json").read_text())["date"]
    stem = f"night-500.0qps-concurrency2-m-{date}"
    assert sorted(path.name for path in results.iterdir()) == [
        f"{stem}.dataset_stats.html",
        f"{stem}.json",
        f"{stem}.timeline.html",
        "r.json",
    ]


def test_waiting_for_a_place_is_a_metric_of_its_own(tmp_path: Path) -> None:
    wanted = "client_queue_time,e2el_including_client_queue"
    with serving() as server:
        args = ("--port", server.port, "--percentile-metrics", wanted, *FEW)
        done = run_load(tmp_path / "rate", *args, "--request-rate", 500)
        closed = run_load(tmp_path / "closed", *args)
    figures = json.loads((done.folder / "vllm.json").read_text())
    queue, both = figures["mean_client_queue_time_ms"], figures["mean_e2el_including_client_queue_ms"]
    mean_s = sum(figures["latencies"]) / 4
    assert both - queue == pytest.approx(mean_s * 1e3)
    assert "Client-side Queueing" in done.out
    assert "mean_ttft_ms" not in figures
    # Without a rate nothing waits for its turn, and vLLM has no such key.
    assert "mean_e2el_including_client_queue_ms" not in (closed.folder / "vllm.json").read_text()


def test_a_result_that_could_not_be_written_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serving() as server:
        done = run_load(
            tmp_path / "o", "--port", server.port, "--save-result", "--result-dir", tmp_path / "file", *FEW
        )
    assert done.code == 2
    assert done.err.startswith("error: --result-dir")
    assert server.asked == []


def test_the_ready_check_waits_for_the_port(tmp_path: Path) -> None:
    server = Server(refusals=0)
    # Closed now; it opens once the run has said that it waits.
    run = start_load(tmp_path, "--port", server.port, "--ready-check-timeout-sec", "60s", *FEW)
    assert run.stderr is not None
    first = run.stderr.readline()
    assert "cannot connect" in first
    assert "waiting for up to 60 s" in first
    with serving(server=server):
        done = finish(run, tmp_path)
    assert done.code == 0, done.err
    assert done.summary["completed"] == 4


def test_a_result_that_cannot_be_written_after_all_leaves_the_run(tmp_path: Path) -> None:
    (tmp_path / "results" / "r.json").mkdir(parents=True)
    args = ("--save-result", "--result-dir", tmp_path / "results", "--result-filename", "r.json")
    with serving() as server:
        done = run_load(tmp_path / "o", "--port", server.port, *args, *FEW)
    assert done.code == 1
    assert "r.json cannot be written" in done.err
    assert "Successful requests" in done.out
    assert done.summary["completed"] == 4
