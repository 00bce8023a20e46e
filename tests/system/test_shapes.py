"""Traffic shapes: what was sent against what was planned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.records import Run
from aisbench.simulator.process import SimulatorProcess
from aisbench.workload.shaped_arrivals import shaped_offsets_ns, shaped_within
from aisbench.workload.shapes import Shape, burst, series, sine, steps
from tests.system.running import run_load


@pytest.mark.parametrize("bound", [("--duration", "1.5"), ("--num-requests", "40")])
@pytest.mark.parametrize("name", ["steps", "series", "sine", "burst"])
def test_sent_as_planned(
    tmp_path: Path, quick_simulator: SimulatorProcess, name: str, bound: tuple[str, str]
) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("time_s,rate\n0,10\n1.5,60\n")
    flags: dict[str, tuple[str, str, Shape]] = {
        "steps": ("--rate-steps", "20x0.5s,50x1s", steps("20x0.5s,50x1s")),
        "series": ("--rate-series", str(file), series(str(file))),
        "sine": ("--rate-sine", "30,20,1s", sine("30,20,1s")),
        "burst": ("--burst", "15x0.5s", burst("15x0.5s")),
    }
    flag, value, shape = flags[name]
    short = ("--input-len", 8, "--output-len", 2, "--no-progress", "--seed", 4)
    run = run_load(tmp_path / "runs", "--url", quick_simulator.url, flag, value, *bound, *short)
    assert run.code == 0, run.err
    loaded = Run.load(run.folder)
    planned = np.sort(loaded.rows["planned_ns"]) - loaded.start_ns
    count = 40 if "--num-requests" in bound else shaped_within(shape, 1.5)
    expected = shaped_offsets_ns(shape, count, burstiness=1.0, seed=4)
    # What is due at the very end of --duration may be sent or not.
    assert len(planned) >= (count if "--num-requests" in bound else (expected < 1_490_000_000).sum())
    assert np.array_equal(planned, expected[: len(planned)])
    # Nothing leaves early, and what is late is late by the host's noise, not by the shape.
    late_ms = (loaded.rows["sent_ns"] - loaded.rows["planned_ns"]) / 1e6
    assert late_ms.min() >= 0
    assert np.median(late_ms) < 100
