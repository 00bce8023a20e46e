"""`aisbench plot`: each chart has the run's numbers, in the requested file."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from aisbench.cli.plot import plot
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.extras import install_command
from aisbench.records.run import Run
from aisbench.report.figures.plots import RUN_CHARTS, run_figure
from aisbench.report.files.vllm_files import check_result_folder
from aisbench.studies.saturation.plot import search_figure
from aisbench.workload.bodies import write_bodies
from tests.analysis.made_runs import SECOND, START_NS, base_config, fail, made_rows, write_run
from tests.studies.saturation.test_page import searched


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A run with data for every chart: slices, failures, sessions, cached tokens, server metrics and device metrics."""
    rows = made_rows(np.arange(200) * 10, ttft_ms=20, itl_ms=5)
    rows["conversation"], rows["turn"] = np.arange(200) // 2, np.arange(200) % 2
    rows["cached_tokens"] = 40 * rows["turn"]
    fail(rows, [5], "timeout")
    config = base_config(rate=100.0, arrival="constant", concurrency=50, slice_s=0.5)
    path = write_run(tmp_path / "told", rows, config=config, conversations=100)
    write_bodies(path / "records/bodies.bin", [b'{"prompt": "a b c"}'], 1)
    samples = {
        "server": {"endpoint": 0, "values": {"running": 3.0, "kv_use": 0.5}},
        "devices": {
            "source": "nvml",
            "device": "gpu 0",
            "name": "L4",
            "utilisation_percent": 50,
            "power_w": 70.0,
        },
    }
    for name, sample in samples.items():
        lines = [json.dumps({"t_ns": START_NS + at * SECOND, **sample}) + "\n" for at in range(3)]
        (path / f"records/{name}.jsonl").write_text("".join(lines))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made(tmp_path / "quick")


def made(path: Path, ttft_ms: float = 20) -> Path:
    rows = made_rows(np.arange(200) * 10, ttft_ms=ttft_ms + np.arange(200) * 0.1, itl_ms=5)
    return write_run(path, rows, config=base_config(rate=100.0, arrival="constant", concurrency=50))


def drawn(*args: object) -> str:
    done = CliRunner().invoke(plot, list(map(str, args)), standalone_mode=False)
    if isinstance(done.exception, (BadInput, click.BadParameter)):
        said = done.exception
        return f"error: {said.format_message() if isinstance(said, click.BadParameter) else said}"
    assert done.exception is None, done.exception
    return done.stdout


def search(path: Path, **more: object) -> Path:
    path.mkdir()
    (path / "saturation.json").write_text(json.dumps(searched() | more))
    return path


def test_the_charts_of_the_page_are_offered_too() -> None:
    said = drawn("x", "--chart", "pie")
    assert "heat" in said
    assert "throughput" in said


@pytest.mark.parametrize("chart", list(RUN_CHARTS))
def test_every_chart_becomes_a_page(chart: str, told: Path, tmp_path: Path) -> None:
    path = tmp_path / f"{chart}.html"
    assert drawn(told, "--chart", chart, "--output", path) == f"written: {path}\n"
    assert "Plotly.newPlot" in path.read_text()


def test_images_are_drawn(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "cdf.svg"
    drawn(folder, "--chart", "cdf", "--metric", "e2el", "--title", "a <b>", "--output", path)
    text = path.read_text()
    assert text.startswith("<svg")
    assert "E2EL, ms" in text
    assert 'width="900"' in text


def test_a_curve_holds_the_runs_own_percentiles(folder: Path) -> None:
    (trace,) = run_figure("percentiles", {"quick": Run.load(folder)}, "ttft").data
    fractions = 1 - 1 / np.asarray(trace.x)
    expected = np.quantile(20 + np.arange(200) * 0.1, fractions)
    assert np.asarray(trace.y)[:-1] == pytest.approx(expected[:-1], abs=1e-5)
    assert trace.y[-1] == pytest.approx(20 + 199 * 0.1), "the last point is the maximum"


def test_several_runs_are_told_apart(folder: Path, tmp_path: Path) -> None:
    runs = {"before": Run.load(folder), "after": Run.load(made(tmp_path / "slow", 40))}
    figure = run_figure("cdf", runs, "ttft")
    assert [trace.name for trace in figure.data] == ["before", "after"]
    assert len({trace.line.color for trace in figure.data}) == 2
    assert len({trace.line.dash for trace in figure.data}) == 2
    assert figure.layout.showlegend
    with pytest.raises(BadInput, match="shows one run"):
        run_figure("timeline", runs, "ttft")


def test_a_limit_that_runs_share_is_drawn_once(folder: Path, tmp_path: Path) -> None:
    runs = {"before": Run.load(folder), "after": Run.load(made(tmp_path / "slow", 40))}
    names = [trace.name for trace in run_figure("in-flight", runs, "ttft").data]
    assert names == ["limit", "before", "after"]
    alone = run_figure("in-flight", {"before": runs["before"]}, "ttft")
    assert {trace.name for trace in alone.data} == {"planned", "in flight", "limit"}


def test_a_timeline_has_a_line_for_each_request(folder: Path) -> None:
    traces = run_figure("timeline", {"quick": Run.load(folder)}, "ttft").data
    assert [trace.name for trace in traces] == ["planned to sent", "TTFT", "decode", "failed or cut off"]
    _, ttft, decode, failed = traces
    assert len(failed.x) == 0
    begin, end = np.asarray(ttft.x)[0::3], np.asarray(ttft.x)[1::3]
    assert (end - begin) * 1e3 == pytest.approx(20 + np.arange(200) * 0.1, abs=1e-4)
    assert np.asarray(decode.x)[0::3] == pytest.approx(end)


def test_searches_are_drawn_by_load(tmp_path: Path) -> None:
    found = searched()
    figure = search_figure("saturation", {"a": found})
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["requests done"].x) == [10, 20, 40, 48, 80]
    assert list(by_name["requests done"].y) == [10, 20, 40, 48, 50]
    assert list(by_name["TPOT p99"].y) == [9.0] * 5
    assert [shape.y0 for shape in figure.layout.shapes if shape.yref == "y2"] == [200.0], (
        "the bound of the SLO"
    )
    two = search_figure("throughput", {"a": found, "b": {**found, "max_load": 40.0}})
    assert {trace.name for trace in two.data} >= {"a, requests done", "b, requests done"}
    assert [shape.x0 for shape in two.layout.shapes] == [48, 40, 40, 40], "each answer and each knee"
    path = tmp_path / "s.html"
    assert "written" in drawn(search(tmp_path / "a"), "--output", path)


def test_what_cannot_be_drawn_is_one_line(folder: Path, tmp_path: Path) -> None:
    a, b = search(tmp_path / "a"), search(tmp_path / "b", over="concurrency")
    empty = search(tmp_path / "empty", points=[])
    for args, words in (
        ((tmp_path / "nowhere",), "is not a folder"),
        ((folder, folder), "two folders are called"),
        ((folder, a), "cannot share a chart"),
        ((folder, "--chart", "pie"), "'--chart': unknown 'pie'"),
        ((folder, "--chart", "saturation"), "--chart: unknown 'saturation'"),
        ((folder, "--metric", "mean"), "'--metric': unknown 'mean'"),
        ((folder, "--output", "x.bmp"), "ends in .svg, .png, .pdf, .html"),
        ((folder, "--output", tmp_path / "no" / "x.html"), "cannot be written"),
        ((a, b), "searches over rate and over concurrency do not fit"),
        ((empty,), "measured no load"),
    ):
        said = drawn(*args)
        assert said.startswith("error: "), said
        assert words in said


def test_whole_answers_have_no_ttft(tmp_path: Path) -> None:
    rows = made_rows(np.arange(20) * 10, tokens=1)
    run = Run.load(write_run(tmp_path / "whole", rows, config=base_config(), streams=False))
    with pytest.raises(BadInput, match="give --metric e2el, norm_e2el"):
        run_figure("cdf", {"whole": run}, "ttft")
    assert len(run_figure("cdf", {"whole": run}, "e2el").data) == 1


def test_without_kaleido_it_says_what_to_install(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kaleido", None)
    said = drawn(folder, "--output", tmp_path / "x.svg")
    assert f"need kaleido: {install_command('plot', 'kaleido')}" in said


@pytest.fixture
def base_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `pip install aisbench` without an extra."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "plotly" else found(name))


@pytest.mark.usefixtures("base_install")
def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(plot, [str(tmp_path)], standalone_mode=False)
    assert isinstance(done.exception, BadInput)
    assert install_command("plot", "plotly") in str(done.exception)


@pytest.mark.usefixtures("base_install")
def test_charts_of_vllms_client_name_the_extra_before_anything_is_sent(tmp_path: Path) -> None:
    config = RunConfig(plot_dataset_stats=True, result_dir=str(tmp_path))
    with pytest.raises(BadInput, match=r"--plot-dataset-stats needs plotly: .* -m pip install .*plotly"):
        check_result_folder(config)
