"""The live page of a whole run, and the ports that it cannot have."""

from __future__ import annotations

import re
import socket
import urllib.request
from pathlib import Path

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.live.test_page import next_event
from tests.system.running import finish, run_load, start_load


def test_a_run_is_watched_from_its_first_request_to_its_end(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    load = start_load(
        tmp_path,
        *("--url", quick_simulator.url, "--concurrency", 4, "--duration", 1.5, "--live-port", 0),
        *("--input-len", 12, "--output-len", 20, "--no-progress", "--label", "watched"),
    )
    assert load.stderr is not None
    # Notes on the prompts may come first.
    line = next(line for line in load.stderr if line.startswith("live: "))
    found = re.search(r"live: (http://127\.0\.0\.1:\d+) ", line)
    assert found is not None, line
    with urllib.request.urlopen(f"{found[1]}/", timeout=30) as page:
        assert "watched" in page.read().decode()
    with urllib.request.urlopen(f"{found[1]}/events", timeout=30) as events:
        sent, metrics = 0, ""
        name, told = next_event(events)
        while name != "end":
            sent = max([sent, *(point["in_flight"] for point in told["points"])])
            last = dict(told.get("fields") or ())
            if sent and not metrics:
                with urllib.request.urlopen(f"{found[1]}/metrics", timeout=30) as answer:
                    metrics = answer.read().decode()
            name, told = next_event(events)
    run = finish(load, tmp_path)
    assert run.code == 0, run.err
    assert told == {"outcome": "finished", "reason": None, "folder": str(run.folder)}
    assert 0 < sent <= 4
    assert "aisbench_in_flight_limit 4.0" in metrics
    # The last event before the end has the figures of the whole run.
    completed = run.summary["completed"]
    assert f"{completed:,} sent, {completed:,} done, 0 of them failed" in last["requests"]
    p50_ms = float(last["E2EL p50 / p99"].split()[0])
    assert p50_ms == pytest.approx(run.summary["metrics"]["e2el_ms"]["median"], rel=0.01, abs=0.1)


def test_a_port_that_is_taken(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    quick_simulator.reset()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = run_load(tmp_path, "--url", quick_simulator.url, "--live-port", port, "--num-requests", 3)
    assert (run.code, run.out) == (2, "")
    assert run.err == (
        f"error: --live-port 127.0.0.1:{port} cannot be used (Address already in use); "
        "give another port, or 0 for any free one\n"
    )
    assert list(tmp_path.iterdir()) == []
    assert quick_simulator.truth()["requests"] == 0


@pytest.mark.parametrize("port", ["http", "70000", "-1", "host:", "::1:x"])
def test_what_is_no_port(tmp_path: Path, port: str) -> None:
    run = run_load(tmp_path, f"--live-port={port}")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("error: Invalid value for '--live-port': ")
    assert "is not a port; give a number from 0 to 65535" in run.err
    assert run.err.count("\n") == 1
