"""A run in slices, asked for on the command line and kept for the report."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from aisbench.report.files.write import write_all
from aisbench.simulator.process import SimulatorProcess
from tests.system.running import run_load

pytestmark = pytest.mark.xdist_group("timing")


def test_the_slices_add_up_to_the_run(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    run = run_load(
        tmp_path,
        *("--url", quick_simulator.url, "--concurrency", 6, "--duration", 1.5, "--slice", 0.5),
        *("--input-len", 12, "--output-len", 20, "--no-progress"),
    )
    assert run.code == 0, run.err
    summary = run.summary
    parts = summary["slices"]["slices"]
    assert summary["slices"]["width_s"] == 0.5
    assert 3 <= len(parts) <= 5
    assert (
        sum(part["completed"] for part in parts)
        == sum(part["sent"] for part in parts)
        == summary["completed"]
    )
    lengths = [part["end_s"] - part["begin_s"] for part in parts]
    tokens = sum(part["output_throughput"] * s for part, s in zip(parts, lengths, strict=True))
    assert tokens == pytest.approx(summary["total_output_tokens"])
    assert max(part["in_flight_max"] for part in parts) == summary["in_flight"]["peak"] == 6
    assert "Slices of 0.5 s" in run.out
    with (run.folder / "slices.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["completed"]) for row in rows] == [part["completed"] for part in parts]
    # The report made again from the records has them too.
    assert write_all(run.folder)["slices"] == summary["slices"]
