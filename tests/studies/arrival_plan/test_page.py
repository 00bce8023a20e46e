"""`aisbench plan`: the page in a real browser, and the very plan of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aisbench.cli.plan import plan
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from bench.browser import Page
from tests.system.running import run_load

SINE = ["--rate-sine", "30,25,10s", "--num-requests", "600"]


def drawn(path: Path, *args: str) -> str:
    done = CliRunner().invoke(plan, [*args, "--output", str(path)], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


@pytest.mark.parametrize(
    "args",
    [
        SINE,
        ["--burst", "50x5s", "--duration", "30"],
        ["--rate", "50", "--num-requests", "1"],
        ["--ramp-up", "linear", "--ramp-from", "5", "--ramp-to", "50", "--duration", "20"],
    ],
    ids=lambda args: args[0],
)
def test_every_shape_is_drawn(page: Page, args: list[str], tmp_path: Path) -> None:
    assert "written: " in drawn(tmp_path / "plan.html", *args)
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.prefer(scheme)
        page.resize(width, 900)
        page.open(tmp_path / "plan.html")
        assert page.complaints() == []
        assert page.value("document.querySelectorAll('#rate .main-svg').length") > 0
        assert page.value("document.documentElement.scrollWidth") <= width


def test_the_numbers_behind_it_can_be_had(page: Page, tmp_path: Path) -> None:
    drawn(tmp_path / "plan.html", *SINE)
    page.open(tmp_path / "plan.html")
    lines = page.value("CSV.rate()").splitlines()
    assert lines[0] == "seconds,planned_per_s,average_per_s,law_per_s"
    begins = [float(line.split(",")[0]) for line in lines[1:]]
    width = begins[1] - begins[0]
    # The last bin may be short.
    assert sum(float(line.split(",")[1]) for line in lines[1:-1]) * width == pytest.approx(600, abs=40)
    gaps = page.value("CSV.gaps()").splitlines()
    assert gaps[0] == "from_mean_gaps,to_mean_gaps,gaps,law_gaps"
    assert len(gaps) == 61


def test_it_is_the_plan_of_the_run(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    args = ["--rate", "100", "--num-requests", "40", "--seed", "9", "--output-len", "4"]
    facts = json.loads(drawn(tmp_path / "plan.html", *args, "--json"))
    load = run_load(tmp_path / "runs", "--url", quick_simulator.url, *args)
    assert Run.load(load.folder).info["fingerprint"]["arrivals"] == facts["fingerprint"]
    assert facts["requests"] == 40


def test_a_trace_is_drawn_too(tmp_path: Path) -> None:
    lines = [json.dumps({"timestamp": 100 * at, "input_length": 20, "output_length": 3}) for at in range(30)]
    (tmp_path / "trace.jsonl").write_text("\n".join(lines))
    trace = ["--dataset", "trace", "--dataset-path", str(tmp_path / "trace.jsonl"), "--json"]
    facts = json.loads(drawn(tmp_path / "plan.html", *trace))
    assert (facts["law"], facts["requests"]) == ("trace", 30)
    assert facts["ends_s"] == pytest.approx(2.9)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--concurrency", "8"], "a closed loop has no plan"),
        (["--rate", "-1"], "--rate"),
        (["--rate-sine", "10"], "--rate-sine"),
    ],
)
def test_what_has_no_plan_is_one_line(args: list[str], words: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(plan, [*args, "--output", str(tmp_path / "p.html")], standalone_mode=False)
    assert isinstance(done.exception, BadInput)
    assert words in str(done.exception)
    assert not (tmp_path / "p.html").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    output = str(tmp_path / "no" / "plan.html")
    done = CliRunner().invoke(plan, [*SINE, "--output", output], standalone_mode=False)
    assert isinstance(done.exception, BadInput)
    assert f"--output {output} cannot be written" in str(done.exception)
