"""A whole run whose figures and folder go elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from aisbench.cli.load import load
from aisbench.errors import BadInput
from aisbench.simulator.process import SimulatorProcess
from tests.live.collector import collecting, metrics_of
from tests.system.running import run_load


def test_a_run_s_figures_and_its_folder_arrive(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    quick_simulator.reset()
    copies, short = tmp_path / "copies", ("--input-len", 4, "--output-len", 3, "--num-requests", 5)
    # It takes what it refuses, and the run goes on.
    with collecting(400) as collector:
        places = ("--upload", f"file://{copies}", "--otlp-endpoint", collector.url, "--label", "night")
        done = run_load(tmp_path / "runs", "--url", quick_simulator.url, "--concurrency", 2, *short, *places)
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1] == f"uploaded: file://{copies}/{done.folder.name}"
    copy = copies / done.folder.name
    for path in (path for path in done.folder.rglob("*") if path.is_file()):
        assert (copy / path.relative_to(done.folder)).read_bytes() == path.read_bytes(), path
    # The last export has the final figures.
    *_, (_, request) = [collector.received.get_nowait() for _ in range(collector.received.qsize())]
    metrics = metrics_of(request)
    (ended,) = metrics["aisbench_requests_ok_total"].sum.data_points
    (ttft,) = metrics["aisbench_time_to_first_token_seconds"].histogram.data_points
    assert (ended.as_int, ttft.count) == (5, done.summary["completed"])
    assert ttft.sum / ttft.count * 1e3 == pytest.approx(done.summary["mean_ttft_ms"])
    said = f"--otlp-endpoint {collector.url}: live figures did not arrive (HTTP 400 Bad Request); "
    assert done.err.count("--otlp-endpoint") == done.err.count(said) == 1
    assert re.fullmatch(
        rf"--otlp-endpoint {collector.url}: (\d+) of \1 exports of live figures did not arrive",
        done.summary["notes"][-1],
    )


@pytest.mark.parametrize(("flag", "place"), [("--upload", "nope://x"), ("--otlp-endpoint", "collector:4318")])
def test_a_place_that_cannot_be_is_told_before_the_run(flag: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"^{flag} {place} "):
        CliRunner().invoke(
            load, ["--work-dir", str(tmp_path), flag, place], standalone_mode=False, catch_exceptions=False
        )
    assert list(tmp_path.iterdir()) == []
