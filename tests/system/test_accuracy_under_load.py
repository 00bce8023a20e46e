"""A server whose answers become wrong in large batches is found out: by a search, and in a load report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aisbench.cli.report import report
from aisbench.shares import wilson_interval
from aisbench.simulator.process import SimulatorProcess
from aisbench.workload.build import QUESTIONS as STORED
from tests.simulators import start_simulator
from tests.studies.evaluation.sums import write_sums
from tests.system.running import run_load
from tests.system.test_saturate import answer, saturate

pytestmark = pytest.mark.xdist_group("timing")

QUESTIONS = 40
BATCH = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sums(tmp_path_factory.mktemp("data") / "gsm8k", QUESTIONS)


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[SimulatorProcess]:
    """An answer has seven tokens, 5 ms each."""
    flags = ["--answers", str(data / "test.jsonl"), "--wrong-above", str(BATCH), "--decode-base-ms", "5"]
    with start_simulator(flags) as simulator:
        yield simulator


def asking(server: SimulatorProcess, data: Path) -> tuple[object, ...]:
    return (
        *("--url", server.url, "--backend", "openai-chat"),
        *("--dataset", "gsm8k", "--dataset-path", data, "--score"),
    )


def check_shares(point: dict[str, Any]) -> None:
    for name in ("accuracy", "differing"):
        share = point[name]
        # Each question counts once for the accuracy.
        count = share.get("questions", share["answers"])
        low, high = wilson_interval(share["share"] * count, count)
        assert (share["low"], share["high"]) == (pytest.approx(low), pytest.approx(high))


def check_order(folder: Path, data: Path) -> None:
    """All runs of the search ask the questions from the first on, in the same order, which is not that of the file."""
    orders = [
        [question["prompt"] for question in json.loads(file.read_text())]
        for file in folder.glob(f"steps/*/records/{STORED}")
    ]
    longest = max(orders, key=len)
    assert len(orders) > 3
    assert all(order == longest[: len(order)] for order in orders)
    in_file = [json.loads(line)["question"] for line in (data / "test.jsonl").read_text().splitlines()]
    places = [next(at for at, text in enumerate(in_file) if text in prompt) for prompt in longest]
    assert sorted(places) == list(range(QUESTIONS))
    assert places != sorted(places)


def test_the_highest_load_with_right_answers_is_found(
    server: SimulatorProcess, data: Path, tmp_path: Path
) -> None:
    load = ("--over", "concurrency", "--start", 4, "--max", 64, "--step", 1, "--repeats", 1)
    slo = ("--slo", "ttft_p99<2000 accuracy>0.9")
    code, out, err = saturate(*asking(server, data), *load, *slo, "--work-dir", tmp_path)
    assert code == 0, out + err
    found = answer(tmp_path)
    # The sequence that has just ended is not in the batch while its successor arrives.
    assert BATCH <= found["max_load"] <= 1.4 * BATCH
    assert found["reference"]["answers"] == QUESTIONS
    points = {point["load"]: point for point in found["points"]}
    assert points[found["max_load"]]["in_flight_mean"] == pytest.approx(found["max_load"], rel=0.15)
    assert min(points) <= BATCH < 2 * BATCH <= max(points)
    for at, point in points.items():
        check_shares(point)
        (held,) = (held for held in point["slo"] if held["term"] == "accuracy>0.9")
        assert held["value"] == point["accuracy"]["share"]
        if at <= BATCH:
            assert (point["differing"]["share"], point["accuracy"]["share"]) == (0.0, 1.0)
        if at >= 2 * BATCH:
            assert point["differing"]["share"] > 0.8
            assert point["accuracy"]["share"] < 0.2
            assert point["accuracy_change"]["verdict"] == "worse"
    (folder,) = tmp_path.iterdir()
    check_order(folder, data)
    assert (folder / found["reference"]["folder"] / "report.html").exists()
    assert "Batching alone may change answers of a correct server" in out
    page = (folder / "saturation.html").read_text()
    assert "Batching alone may change answers of a correct server" in page
    head = (folder / "saturation.csv").read_text().splitlines()[0].split(",")
    assert {"accuracy", "accuracy_low", "differing", "differing_high"} < set(head)
    # The same comes out of the records.
    again = CliRunner().invoke(report, [str(folder), "--format", "json"], standalone_mode=False)
    assert again.exception is None
    assert json.loads(again.stdout) == found


def test_without_the_bound_the_search_goes_far_beyond(
    server: SimulatorProcess, data: Path, tmp_path: Path
) -> None:
    load = ("--over", "concurrency", "--start", 8, "--max", 16, "--step", 1, "--repeats", 1)
    slo = ("--slo", "ttft_p99<2000")
    code, out, err = saturate(*asking(server, data), *load, *slo, "--work-dir", tmp_path)
    assert code == 0, out + err
    found = answer(tmp_path)
    assert found["max_load"] == 16
    assert {point["load"]: point["differing"]["share"] > 0.8 for point in found["points"]} == {
        point["load"]: point["load"] > BATCH for point in found["points"]
    }


def test_a_sounding_with_one_in_flight_is_the_reference(
    server: SimulatorProcess, data: Path, tmp_path: Path
) -> None:
    load = ("--concurrency", 1, "--max", 3, "--step", 2, "--repeats", 1, "--slo", "accuracy>50%")
    code, out, err = saturate(*asking(server, data), *load, "--work-dir", tmp_path)
    assert code == 0, out + err
    (folder,) = tmp_path.iterdir()
    state = json.loads((folder / "search.json").read_text())
    assert state["reference"]["folder"] == state["sounding"]["folder"]
    assert state["config"]["temperature"] == 0.0
    for point in answer(tmp_path)["points"]:
        # In open loop only answers of the measured half are compared, and all of them are to questions of the reference.
        assert point["differing"]["answers"] == point["accuracy"]["answers"] > 0
        assert point["differing"]["share"] == 0.0


def test_sampled_answers_are_not_compared(server: SimulatorProcess, data: Path, tmp_path: Path) -> None:
    load = ("--over", "concurrency", "--sweep", 2, "--step", 1, "--repeats", 1, "--temperature", 0.7)
    code, out, err = saturate(*asking(server, data), *load, "--work-dir", tmp_path)
    assert code == 0, out + err
    assert "--temperature 0.7: answers are not compared with those at one in flight" in err
    found = answer(tmp_path)
    assert found["reference"] is None
    (point,) = found["points"]
    assert point["differing"] is None
    assert point["accuracy"]["share"] == 1.0
    assert "Batching" not in out


def test_a_load_report_shows_it_against_in_flight(
    server: SimulatorProcess, data: Path, tmp_path: Path
) -> None:
    run = run_load(
        tmp_path / "out",
        *asking(server, data),
        *("--temperature", 0, "--rate-steps", "60x2s,500x1s", "--num-requests", 600, "--no-progress"),
    )
    assert run.code == 0, run.err
    parts = run.summary["accuracy"]["by_in_flight"]
    assert parts[0]["score"] >= 80
    assert parts[-1]["least"] > BATCH
    assert parts[-1]["score"] <= 10
    over_time = run.summary["accuracy"]["over_time"]
    assert over_time[0]["score"] >= 80 > 20 >= over_time[-1]["score"]
