"""Whole sweeps against the simulator."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aisbench.cli.compare import compare
from aisbench.cli.report import report
from aisbench.cli.studies.sweep import sweep
from aisbench.errors import CannotRun
from aisbench.simulator.process import SimulatorProcess
from tests.simulators import start_simulator
from tests.system.running import start_command, wait_for

SHORT = ("--num-requests", 6, "--output-len", 3, "--seed", 5)
FILES = ("summary.json", "sweep.csv", "sweep.html", "sweep.json")


def call(command: Any, *args: object) -> Result:
    return CliRunner().invoke(command, [*map(str, args)], standalone_mode=False)


def swept(*args: object) -> Result:
    done = call(sweep, *args)
    assert done.exception is None, (done.exception, done.output)
    return done


def result_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def runs_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("runs/*/*"))


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorProcess]:
    with start_simulator(["--decode-base-ms", "2", "--prefill-us-per-token", "5"]) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def first(server: SimulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A sweep with two runs at each of three points, and what it printed."""
    place = tmp_path_factory.mktemp("first")
    grid = ("input_len=8", "concurrency=1..4x2")
    done = swept("--url", server.url, "--grid", *grid, "--runs", 2, *SHORT, "--slo", "error_rate<0.01 ttft_p99<9000", "--work-dir", place)  # fmt: skip
    (folder,) = place.iterdir()
    return folder, done


def copied(first: tuple[Path, Result], tmp_path: Path) -> Path:
    return Path(shutil.copytree(first[0], tmp_path / "sweep"))


def test_every_point_has_its_runs_and_the_last_line_names_the_best(first: tuple[Path, Result]) -> None:
    folder, done = first
    assert done.return_value == 0
    assert all((folder / name).exists() for name in FILES)
    assert [path.name for path in sorted((folder / "runs").iterdir())] == [
        f"input_len=8_concurrency={n}" for n in (1, 2, 4)
    ]
    assert len(runs_in(folder)) == 6
    assert all((run / "report.html").exists() for run in runs_in(folder))
    found = result_of(folder)
    assert (found["outcome"], len(found["runs"]), found["left"]) == ("finished", 6, [])
    assert len({run["seed"] for run in found["runs"]}) == 6
    # All points once, then all points again.
    state = json.loads((folder / "sweep.json").read_text())
    assert [run["repetition"] for run in state["runs"]] == [0, 0, 0, 1, 1, 1]
    rows = list(csv.DictReader((folder / "sweep.csv").read_text().splitlines()))
    summary = json.loads((folder / rows[0]["folder"] / "summary.json").read_text())
    assert float(rows[0]["output_throughput"]) == summary["output_throughput"]
    assert float(rows[0]["ttft_ms.p99"]) == summary["metrics"]["ttft_ms"]["p99"]
    assert done.stdout.splitlines()[-1].startswith(
        "best under error_rate<0.01, ttft_p99<9000: input_len=8 concurrency="
    )
    assert found["best"] in done.stdout.splitlines()[-1]


def test_report_rebuilds_the_page_and_its_data(first: tuple[Path, Result], tmp_path: Path) -> None:
    folder = copied(first, tmp_path)
    found = result_of(folder)
    for name in ("summary.json", "sweep.csv", "sweep.html"):
        (folder / name).unlink()
    (folder / found["runs"][0]["folder"] / "summary.json").unlink()
    again = call(report, folder, "--format", "json")
    assert again.exception is None, again.exception
    assert json.loads(again.stdout) == found
    assert (folder / "sweep.html").exists()
    told = call(report, folder).stdout.splitlines()
    assert told[-1] == first[1].stdout.splitlines()[-1]
    elsewhere = call(report, folder, "--format", "csv", "--output", tmp_path / "out")
    assert elsewhere.stdout == (tmp_path / "out" / "sweep.csv").read_text()
    assert "give table, json or csv" in str(call(report, folder, "--format", "vllm").exception)


def test_a_finished_sweep_runs_nothing_again(first: tuple[Path, Result], tmp_path: Path) -> None:
    folder = copied(first, tmp_path)
    done = swept("--resume", folder)
    assert len(runs_in(folder)) == 6
    assert done.stdout.splitlines()[-1] == first[1].stdout.splitlines()[-1]


def test_a_larger_grid_keeps_what_is_finished_and_unchanged(
    first: tuple[Path, Result], server: SimulatorProcess, tmp_path: Path
) -> None:
    folder = copied(first, tmp_path)
    before = set(runs_in(folder))
    grid = ("input_len=8", "concurrency=2,3")
    swept("--resume", folder, "--url", server.url, "--grid", *grid, *SHORT, "--runs", 2)
    new = [run.parent.name for run in runs_in(folder) if run not in before]
    assert new == ["input_len=8_concurrency=3"] * 2
    found = result_of(folder)
    assert [point["runs"] for point in found["points"]] == [2, 2]
    # Another option changes every point.
    done = swept("--resume", folder, "--url", server.url, "--grid", "input_len=8", "concurrency=2", *SHORT, "--output-len", 2, "--runs", 2, "--dry-run")  # fmt: skip
    assert "runs to do: 2 " in done.stdout


def test_a_budget_stops_before_the_run_that_would_pass_it(first: tuple[Path, Result], tmp_path: Path) -> None:
    folder = copied(first, tmp_path)
    state = json.loads((folder / "sweep.json").read_text())
    for run in state["runs"]:
        run["seconds"] = 1000.0
    (folder / "sweep.json").write_text(json.dumps(state))
    done = swept("--resume", folder, "--runs", 3, "--budget", "60s")
    assert done.return_value == 0
    assert len(runs_in(folder)) == 6
    found = result_of(folder)
    assert found["outcome"] == "budget"
    assert found["left"] == [f"input_len=8 concurrency={n} (run 3)" for n in (1, 2, 4)]
    wanted = "the budget of 1 min is used up; the next run would take about 16 min 40 s; 3 runs are left (about 50 min)"
    assert wanted in done.stdout
    assert f"to continue: aisbench sweep --resume {folder}" in done.stdout


def test_a_budget_for_no_run_leaves_nothing(tmp_path: Path) -> None:
    done = call(sweep, "--grid", "concurrency=1", "--duration", 60, "--budget", 5, "--work-dir", tmp_path)
    assert isinstance(done.exception, CannotRun)
    assert "nothing was run: the budget of 5 s is used up" in str(done.exception)
    assert not any(tmp_path.iterdir())


def test_a_failed_point_is_named_and_the_others_go_on(server: SimulatorProcess, tmp_path: Path) -> None:
    with socket.socket() as taken:
        # Bound but not listening: nobody else gets the port, and it refuses.
        taken.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = swept("--grid", f"url={down},{server.url}", *SHORT, "--concurrency", 2, "--work-dir", tmp_path)
    assert done.return_value == 1
    (folder,) = tmp_path.iterdir()
    found = result_of(folder)
    assert [point["runs"] for point in found["points"]] == [0, 1]
    assert f"url={down}: failed: --url {down}: cannot connect" in done.stdout
    assert f"not measured: url={down}: " in done.stdout
    assert found["left"] == [f"url={down} (run 1)"]
    assert [path.name for path in (folder / "runs").iterdir()] != []


def test_a_server_that_is_down_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = call(sweep, "--url", url, "--grid", "concurrency=1,2", *SHORT, "--work-dir", tmp_path)
    assert isinstance(done.exception, CannotRun)
    assert str(done.exception).startswith(f"--url {url}: cannot connect")
    assert done.stdout == ""
    assert not any(tmp_path.iterdir())


def test_points_share_their_bodies_where_the_cache_is_emptied(
    server: SimulatorProcess, tmp_path: Path
) -> None:
    swept(
        "--url",
        server.url,
        "--grid",
        "concurrency=1,2",
        "--reset-prefix-cache",
        *SHORT,
        "--work-dir",
        tmp_path,
    )
    (folder,) = tmp_path.iterdir()
    one, other = runs_in(folder)
    assert (one / "records/bodies.bin").samefile(other / "records/bodies.bin")
    prints = [json.loads((run / "summary.json").read_text())["fingerprint"]["bodies"] for run in (one, other)]
    assert prints[0] == prints[1]


def test_two_sweeps_are_compared_point_by_point(
    first: tuple[Path, Result], server: SimulatorProcess, tmp_path: Path
) -> None:
    grid = ("concurrency=2,8", "input_len=8")
    swept("--url", server.url, "--grid", *grid, *SHORT, "--runs", 1, "--work-dir", tmp_path / "b")
    (other,) = (tmp_path / "b").iterdir()
    done = call(compare, f"before={first[0]}", f"after={other}", "--output", tmp_path / "out")
    assert done.exception is None, done.exception
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [point["axes"] for point in told["points"]] == [{"input_len": "8", "concurrency": "2"}]
    assert told["only"] == {
        "before": ["input_len=8 concurrency=1", "input_len=8 concurrency=4"],
        "after": ["concurrency=8 input_len=8"],
    }
    assert "only in after: concurrency=8 input_len=8" in done.stdout
    assert told["points"][0]["inputs"] in ("the same", "different")
    assert (tmp_path / "out" / "comparison.html").exists()
    mixed = call(compare, first[0], tmp_path / "nothing.json")
    assert "sweeps are compared with each other, two at a time" in str(mixed.exception)


def test_an_interrupted_sweep_reports_and_goes_on(server: SimulatorProcess, tmp_path: Path) -> None:
    args = ("--url", server.url, "--grid", "concurrency=1,2", "--duration", 1, "--output-len", 3)
    process = start_command("sweep", *args, "--work-dir", tmp_path)
    wait_for(process, lambda: len(list(tmp_path.glob("*/runs/concurrency=2/*"))) == 1)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert process.wait() == 130, out + err
    assert "Traceback" not in err
    (folder,) = tmp_path.iterdir()
    assert f"to continue: aisbench sweep --resume {folder}" in out
    assert result_of(folder)["left"] == ["concurrency=2 (run 1)"]
    assert [point["runs"] for point in result_of(folder)["points"]] == [1, 0]
    swept("--resume", folder)
    assert [point["runs"] for point in result_of(folder)["points"]] == [1, 1]
    assert result_of(folder)["outcome"] == "finished"
