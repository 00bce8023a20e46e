"""Every arrival law and traffic shape: what was sent against what was planned."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from aisbench.workload.arrivals.drawn import Ramp, arrival_offsets_ns, requests_within
from aisbench.workload.arrivals.shaped import shaped_offsets_ns, shaped_within
from aisbench.workload.arrivals.shapes import Shape, burst, series, sine, steps
from tests.system.running import run_load

pytestmark = pytest.mark.xdist_group("timing")

SEED, SECONDS, REQUESTS = 4, 1.5, 40
SHORT = ("--input-len", 8, "--output-len", 2, "--no-progress", "--seed", SEED)
BOUNDS = [("--duration", str(SECONDS)), ("--num-requests", str(REQUESTS))]


def sent_as_planned(
    tmp_path: Path, url: str, args: tuple[str, ...], bound: tuple[str, str], expected: NDArray[np.int64]
) -> None:
    run = run_load(tmp_path / "runs", "--url", url, *args, *bound, *SHORT)
    assert run.code == 0, run.err
    loaded = Run.load(run.folder)
    planned = np.sort(loaded.rows["planned_ns"]) - loaded.start_ns
    # Also the one that is due at the very end of --duration. A ramp's draws may reach beyond it.
    if bound[0] == "--duration":
        expected = expected[expected <= SECONDS * 1e9]
    assert np.array_equal(planned, expected)
    # Nothing leaves early, and what is late is late by the host's noise, not by the shape.
    late_ms = (loaded.rows["sent_ns"] - loaded.rows["planned_ns"]) / 1e6
    assert late_ms.min() >= 0
    assert np.median(late_ms) < 100


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound[0])
@pytest.mark.parametrize("name", ["steps", "series", "sine", "burst"])
def test_moving_rates(
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
    count = REQUESTS if bound[0] == "--num-requests" else shaped_within(shape, SECONDS)
    expected = shaped_offsets_ns(shape, count, burstiness=1.0, seed=SEED)
    sent_as_planned(tmp_path, quick_simulator.url, (flag, value), bound, expected)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound[0])
@pytest.mark.parametrize("strategy", ["linear", "exponential"])
def test_ramps(
    tmp_path: Path, quick_simulator: SimulatorProcess, strategy: str, bound: tuple[str, str]
) -> None:
    ramp = Ramp(strategy, 10.0, 60.0)
    count = REQUESTS
    if bound[0] == "--duration":
        count = requests_within(SECONDS, rate_rps=math.inf, ramp=ramp)
    expected = arrival_offsets_ns(count, rate_rps=math.inf, seed=SEED, ramp=ramp)
    args = ("--ramp-up", strategy, "--ramp-from", "10", "--ramp-to", "60")
    sent_as_planned(tmp_path, quick_simulator.url, args, bound, expected)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound[0])
@pytest.mark.parametrize(
    ("args", "burstiness"),
    [(("--arrival", "constant"), math.inf), (("--arrival", "poisson"), 1.0), (("--burstiness", "0.4"), 0.4)],
    ids=["constant", "poisson", "gamma"],
)
def test_steady_rates(
    tmp_path: Path,
    quick_simulator: SimulatorProcess,
    args: tuple[str, str],
    burstiness: float,
    bound: tuple[str, str],
) -> None:
    count = REQUESTS if bound[0] == "--num-requests" else int(40 * SECONDS)
    expected = arrival_offsets_ns(count, rate_rps=40.0, burstiness=burstiness, seed=SEED)
    sent_as_planned(tmp_path, quick_simulator.url, ("--rate", "40", *args), bound, expected)
