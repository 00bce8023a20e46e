"""Whole searches against a simulator whose capacity is known."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aisbench.cli.report import report
from aisbench.simulator.model.capacity import capacity
from aisbench.simulator.model.parameters import Parameters
from aisbench.simulator.process import SimulatorProcess
from tests.simulators import start_simulator
from tests.system.running import run_command, start_command

pytestmark = pytest.mark.xdist_group("timing")

LENGTHS = ("--input-len", "32", "--output-len", "16")
ANSWER = "saturation.json"


def saturate(*args: object) -> tuple[int, str, str]:
    done = run_command("saturate", *args)
    return done.returncode, done.stdout, done.stderr


def answer(work_dir: Path) -> dict[str, Any]:
    (folder,) = work_dir.iterdir()
    found: dict[str, Any] = json.loads((folder / ANSWER).read_text())
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorProcess]:
    with start_simulator(["--max-num-seqs", "8", "--decode-base-ms", "5"]) as simulator:
        yield simulator


def test_every_step_begins_with_an_empty_prefix_cache(tmp_path: Path) -> None:
    with start_simulator(["--prefix-cache-tokens", "100000", "--decode-base-ms", "2"]) as simulator:
        args = ("--sweep", "20,40", "--step", 1, "--repeats", 1, "--seed", 3, "--reset-prefix-cache")
        code, out, err = saturate("--url", simulator.url, *LENGTHS, *args, "--work-dir", tmp_path)
        assert code == 0, out + err
        # The same prompts again, which every step's reset has taken out of the cache.
        code, out, err = saturate("--url", simulator.url, *LENGTHS, *args, "--work-dir", tmp_path)
        assert code == 0, out + err
    summaries = [json.loads(path.read_text()) for path in tmp_path.glob("*/steps/*/summary.json")]
    assert len(summaries) == 4
    for summary in summaries:
        assert summary["prefix_cache"]["reset"] == "the cache was emptied before the run"
        assert summary["prefix_cache"]["request_share"] == 0.0


def test_the_search_finds_the_capacity(server: SimulatorProcess, tmp_path: Path) -> None:
    true = capacity(Parameters(max_num_seqs=8, decode_base_ms=5.0), 32, 16).requests_per_s
    # So far above it that the first step ends early, whatever else the host does.
    args = ("--start", 300, "--step", 2.5, "--repeats", 1, "--tolerance", 0.06)
    code, out, err = saturate("--url", server.url, *LENGTHS, *args, "--work-dir", tmp_path)
    assert code == 0, out + err
    found = answer(tmp_path)
    assert found["outcome"] == "finished"
    # Steps of 2.5 s; with longer ones it is within 5 %, as docs/saturation.md shows.
    assert found["max_load"] == pytest.approx(true, rel=0.1)
    assert found["capacity"] == pytest.approx(true, rel=0.1)
    assert any(step["early"] for step in found["steps"])
    (folder,) = tmp_path.iterdir()
    for step in found["steps"]:
        assert (folder / step["folder"] / "report.html").exists()
    rows = (folder / "saturation.csv").read_text().splitlines()
    assert len(rows) == 1 + len(found["points"])


def test_a_sweep_over_requests_in_flight_measures_each(server: SimulatorProcess, tmp_path: Path) -> None:
    args = ("--over", "concurrency", "--sweep", "1,4", "--step", 1, "--repeats", 1)
    code, out, err = saturate("--url", server.url, *LENGTHS, *args, "--work-dir", tmp_path)
    assert code == 0, out + err
    points = answer(tmp_path)["points"]
    assert [point["load"] for point in points] == [1, 4]
    assert points[1]["request_throughput"] > 2 * points[0]["request_throughput"]
    assert points[1]["in_flight_mean"] == pytest.approx(4, rel=0.15)
    # All of it can be made again from the steps' records.
    (folder,) = tmp_path.iterdir()
    found = answer(tmp_path)
    for name in ("saturation.json", "saturation.html", "saturation.csv"):
        (folder / name).unlink()
    again = CliRunner().invoke(report, [str(folder), "--format", "json"], standalone_mode=False)
    assert again.exception is None
    assert json.loads(again.stdout) == found == answer(tmp_path)
    assert (folder / "saturation.html").exists()
    told = CliRunner().invoke(report, [str(folder)], standalone_mode=False).stdout
    assert told.strip() in out
    refused = CliRunner().invoke(report, [str(folder), "--format", "vllm"], standalone_mode=False)
    assert "give table, json or csv" in str(refused.exception)


def test_a_stopped_search_goes_on_where_it_was(server: SimulatorProcess, tmp_path: Path) -> None:
    args = ("--sweep", "20,40,30", "--step", 1, "--repeats", 1)
    process = start_command("saturate", "--url", server.url, *LENGTHS, *args, "--work-dir", tmp_path)
    lines = iter(process.stdout.readline, "")
    # Once the second load is measured, the third runs or is prepared.
    assert any(line.startswith("  2 ") for line in lines)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert f"--resume {tmp_path}" in out
    assert answer(tmp_path)["outcome"] == "interrupted"
    assert [point["load"] for point in answer(tmp_path)["points"]] == [20, 40]
    (folder,) = tmp_path.iterdir()
    code, out, err = saturate("--resume", folder)
    assert code == 0, out + err
    found = answer(tmp_path)
    assert found["outcome"] == "finished"
    assert [step["load"] for step in found["steps"]] == [20, 40, 30]


def test_a_server_that_refuses_everything_ends_the_search(tmp_path: Path) -> None:
    with start_simulator(["--fault", "http-500:1"]) as simulator:
        code, out, err = saturate("--url", simulator.url, *LENGTHS, "--work-dir", tmp_path)
    assert code == 1, out + err
    assert "no request succeeded (http_500: " in out
    assert answer(tmp_path)["outcome"] == "failed"


def test_a_server_that_is_down_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        # Bound but not listening: nobody else gets the port, and it refuses.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = saturate("--url", url, "--seed", 1, "--work-dir", tmp_path)
    assert (code, out) == (1, "")
    assert err.startswith(f"error: --url {url}: cannot connect")
    assert err.count("\n") == 1
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--over", "users"], "unknown 'users'"),
        (["--slo", "ttft_p99=5"], "--slo: 'ttft_p99=5' is not a bound"),
        (["--slo", "accuracy>0.7"], "--slo: accuracy needs --score"),
        (["--score"], "--score needs a --dataset with known answers, got random"),
        (["--start", "-1"], "--start must be a number above 0, got -1"),
        (["--over", "concurrency", "--start", "2.5"], "a whole number"),
        (["--over", "concurrency", "--concurrency", "4"], "leave"),
        (["--sweep", "5,5"], "names a load twice"),
        (["--no-stream", "--slo", "ttft_p99<5"], "need streamed answers"),
        (["--resume", "nowhere"], "holds no search.json"),
        (["--resume", "nowhere", "--max", "5"], "leave --max out"),
        (["--budget", "0"], "--budget must be more than 0 seconds"),
    ],
)
def test_what_makes_no_search_is_one_line(args: list[str], told: str, tmp_path: Path) -> None:
    where: list[object] = [] if "--resume" in args else ["--work-dir", tmp_path / "out"]
    code, out, err = saturate(*args, *where)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert told in err
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())
