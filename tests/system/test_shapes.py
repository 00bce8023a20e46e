"""Every arrival law and traffic shape: what was sent against what was planned."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from aisbench.workload.arrivals.gaps import Gaps
from aisbench.workload.arrivals.law import ArrivalLaw
from aisbench.workload.arrivals.ramp import Ramp
from aisbench.workload.arrivals.reading import burst, series, sine, steps
from aisbench.workload.arrivals.steady import Steady
from tests.system.running import run_load

pytestmark = pytest.mark.xdist_group("timing")

SEED, SECONDS, REQUESTS = 4, 1.5, 40
GAPS = Gaps(seed=SEED)
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
    flags: dict[str, tuple[str, str, ArrivalLaw]] = {
        "steps": ("--rate-steps", "20x0.5s,50x1s", steps("20x0.5s,50x1s", GAPS)),
        "series": ("--rate-series", str(file), series(str(file), GAPS)),
        "sine": ("--rate-sine", "30,20,1s", sine("30,20,1s", GAPS)),
        "burst": ("--burst", "15x0.5s", burst("15x0.5s")),
    }
    flag, value, law = flags[name]
    count = REQUESTS if bound[0] == "--num-requests" else law.count_within(SECONDS)
    expected = law.offsets_ns(count)
    sent_as_planned(tmp_path, quick_simulator.url, (flag, value), bound, expected)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound[0])
@pytest.mark.parametrize("strategy", ["linear", "exponential"])
def test_ramps(
    tmp_path: Path, quick_simulator: SimulatorProcess, strategy: str, bound: tuple[str, str]
) -> None:
    ramp = Ramp(strategy, 10.0, 60.0, GAPS)
    count = REQUESTS if bound[0] == "--num-requests" else ramp.count_within(SECONDS)
    expected = ramp.offsets_ns(count)
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
    expected = Steady(40.0, Gaps(burstiness, SEED)).offsets_ns(count)
    sent_as_planned(tmp_path, quick_simulator.url, ("--rate", "40", *args), bound, expected)
