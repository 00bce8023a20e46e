"""`aisbench export mlflow` and `aisbench export wandb`: what of a run folder is logged, and how failures are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from aisbench.analysis.measured import Measured
from aisbench.cli.export import export
from aisbench.errors import BadInput, CannotRun
from aisbench.export.tracked import TrackedRun
from aisbench.masking import masking
from aisbench.masking.masking import masked_text
from aisbench.records.run import Run
from aisbench.report.files.write import write_reports
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.export import stand_ins
from tests.export.stand_ins import Logged

FILES = ("summary.json", "report.html", "vllm.json")
COMMANDS = {"mlflow": stand_ins.mlflow, "wandb": stand_ins.wandb}


def made(folder: Path, **config: Any) -> Path:
    """A run of 100 requests at 10/s with its reports."""
    rows = made_rows(np.arange(100) * 100, ttft_ms=20, itl_ms=5)
    write_run(folder, rows, config=base_config(rate=10.0, arrival="constant", **config))
    write_reports(Measured(Run.load(folder)))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("runs") / "20260102_030405", label="night", goodput={"ttft": 500.0})


@pytest.fixture(params=sorted(COMMANDS))
def tracker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Any, list[Logged]]:
    """The command's name, the stand-in of the package, and the runs that it gets."""
    name: str = request.param
    module, runs = COMMANDS[name]()
    monkeypatch.setitem(sys.modules, name, module)
    return name, module, runs


def exported(*args: object) -> str:
    """What `aisbench export` prints."""
    done = CliRunner().invoke(export, [*map(str, args)], standalone_mode=False, catch_exceptions=False)
    return done.stdout


def test_figures_have_their_units_in_their_names(folder: Path) -> None:
    run = TrackedRun.read(folder)
    summary = json.loads((folder / "summary.json").read_text())
    metrics = dict(run.metrics)
    assert metrics.pop("duration_s") == summary["duration"]
    assert metrics.pop("completed_requests") == summary["completed"] == 100
    assert metrics.pop("failed_requests") == 0
    assert metrics.pop("request_throughput_per_s") == summary["request_throughput"]
    assert metrics.pop("request_goodput_per_s") == summary["request_goodput"]
    assert metrics.pop("output_throughput_tokens_per_s") == summary["output_throughput"]
    assert metrics.pop("total_throughput_tokens_per_s") == summary["total_token_throughput"]
    assert (metrics.pop("total_input_tokens"), metrics.pop("total_output_tokens")) == (
        summary["total_input_tokens"],
        summary["total_output_tokens"],
    )
    assert metrics["mean_ttft_ms"] == summary["mean_ttft_ms"]
    assert metrics["median_itl_ms"] == summary["median_itl_ms"]
    assert metrics["p99_tpot_ms"] == summary["p99_tpot_ms"]
    (from_plan,) = (value for key, value in summary["from_plan"].items() if key.startswith("ttft"))
    assert metrics["p99_ttft_from_plan_ms"] == from_plan["p99"]
    assert all(name.endswith("_ms") for name in metrics)


def test_what_was_not_measured_is_left_out(folder: Path, tmp_path: Path) -> None:
    closed = made(tmp_path / "closed", stream=False)
    metrics = TrackedRun.read(closed).metrics
    assert "request_goodput_per_s" not in metrics
    assert all(isinstance(value, float) for value in metrics.values())


def test_a_run_is_logged_with_its_options_and_files(
    folder: Path, tracker: tuple[str, Any, list[Logged]]
) -> None:
    name, _, runs = tracker
    shown = exported(name, folder)
    (run,) = runs
    read = TrackedRun.read(folder)
    assert shown.startswith("logged: night as ")
    assert (run.name, run.status) == ("night", "FINISHED")
    assert run.files == {path: (folder / path).read_bytes() for path in FILES}
    assert {key: value for key, value in run.metrics.items() if isinstance(value, float)} == read.metrics
    assert run.params.keys() == read.params.keys()
    assert len(run.params) > 20
    assert str(run.params["rate"]) == "10.0"
    verdicts = {*run.metrics.values(), *run.tags.values()}
    assert {"valid", "finished"} <= verdicts


def test_mlflow_gets_times_and_the_experiment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, runs = stand_ins.mlflow()
    monkeypatch.setitem(sys.modules, "mlflow", module)
    shown = exported("mlflow", folder, folder, "--tracking-uri", "http://h:5000", "--experiment", "nightly")
    read = TrackedRun.read(folder)
    first, second = runs
    assert first.where == second.where == ("http://h:5000", "1")
    assert (first.began_ms, first.ended_ms) == (int(read.began_s * 1e3), int(read.ended_s * 1e3))
    assert read.ended_s - read.began_s == pytest.approx(read.metrics["duration_s"])
    assert first.params["goodput"] == '{"ttft": 500.0}'
    assert shown.splitlines()[1] == "logged: night as run 2 of experiment 1"


def test_long_options_are_cut_for_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, runs = stand_ins.mlflow()
    monkeypatch.setitem(sys.modules, "mlflow", module)
    exported("mlflow", made(tmp_path / "run", system_prompt="x" * 9000))
    assert runs[0].name == "run"
    assert runs[0].params["system_prompt"] == "x" * 497 + "..."


def test_wandb_says_where_runs_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, runs = stand_ins.wandb()
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.setenv("WANDB_ENTITY", "us")
    shown = exported("wandb", folder) + exported("wandb", folder, "--project", "p", "--offline")
    assert shown.splitlines() == [
        "logged: night as https://wandb.invalid/1",
        "logged: night as wandb/offline-run-1, for `wandb sync`",
    ]
    assert [run.where for run in runs] == [("aisbench", "us"), ("p", "us")]


def test_a_missing_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, package in (("mlflow", "mlflow-skinny"), ("wandb", "wandb")):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(BadInput, match=rf"^aisbench export {name} needs .* -m pip install .*{package}"):
            exported(name, folder)


def test_a_tracker_that_fails_is_one_line(
    folder: Path, tracker: tuple[str, Any, list[Logged]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, runs = tracker
    monkeypatch.setattr(masking, "known", set())

    def broken(self: Logged, path: str) -> None:
        if len(runs) == 2:
            raise RuntimeError("no room for Secret-pass-1\nand a trace")
        self.files[path] = b""

    monkeypatch.setattr(Logged, "keep", broken)
    uri = ["--tracking-uri", "http://me:Secret-pass-1@h"] if name == "mlflow" else []
    where = "--tracking-uri http://***@h" if name == "mlflow" else "W&B"
    with pytest.raises(CannotRun) as done:
        exported(name, folder, folder, folder, *uri)
    told = f"{where} failed (no room for {'***' if uri else 'Secret-pass-1'}); 1 of 3 runs were logged"
    assert masked_text(str(done.value)) == told
    assert [run.status for run in runs] == ["FINISHED", "FAILED"]


def _no_run(folder: Path) -> None:
    (folder / "records" / "run.json").unlink()


def _no_summary(folder: Path) -> None:
    (folder / "summary.json").unlink()


def _other_summary(folder: Path) -> None:
    (folder / "summary.json").write_text('{"config": [1]}')


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_run, r"^\S+ is not the folder of a run; give one with records/run.json in it$"),
        (_no_summary, r"^\S+ has no summary; run `aisbench report \S+` first$"),
        (_other_summary, r"^\S+summary.json is not a run's; make it again with `aisbench report \S+`$"),
    ],
)
def test_what_is_not_a_run_is_told_before_anything_is_logged(
    spoil: Callable[[Path], None],
    said: str,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    tracker: tuple[str, Any, list[Logged]],
) -> None:
    other = made(tmp_path_factory.mktemp("spoilt") / "other")
    spoil(other)
    with pytest.raises(BadInput, match=said):
        exported(tracker[0], folder, other)
    assert tracker[2] == []
