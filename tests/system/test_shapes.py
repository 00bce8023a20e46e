"""Every arrival law and traffic shape: what was sent against what was planned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
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
from tests.analysis.summaries import wrong_in
from tests.system.running import Finished, run_load

pytestmark = pytest.mark.xdist_group("timing")

SEED, SECONDS, REQUESTS = 4, 1.5, 40
GAPS = Gaps(seed=SEED)
SHORT = ("--input-len", 8, "--output-len", 2, "--no-progress", "--seed", SEED)
BOUNDS = ("--duration", "--num-requests")
# The runs mostly wait, so several go at a time.
AT_ONCE = 3


@dataclass(frozen=True)
class Shape:
    """What the command line asks for, and the law that its times follow."""

    args: tuple[str, ...]
    law: ArrivalLaw

    def expected(self, bound: str) -> NDArray[np.int64]:
        if bound == "--num-requests":
            return self.law.offsets_ns(REQUESTS)
        offsets = self.law.offsets_ns(self.law.count_within(SECONDS))
        # Also the one that is due at the very end of --duration. A ramp's draws may reach beyond it.
        return offsets[offsets <= SECONDS * 1e9]


def shapes(folder: Path) -> dict[str, Shape]:
    file = folder / "rates.csv"
    ramp = ("--ramp-from", "10", "--ramp-to", "60")
    return {
        "steps": Shape(("--rate-steps", "20x0.5s,50x1s"), steps("20x0.5s,50x1s", GAPS)),
        "series": Shape(("--rate-series", str(file)), series(str(file), GAPS)),
        "sine": Shape(("--rate-sine", "30,20,1s"), sine("30,20,1s", GAPS)),
        "burst": Shape(("--burst", "15x0.5s"), burst("15x0.5s")),
        "linear": Shape(("--ramp-up", "linear", *ramp), Ramp("linear", 10.0, 60.0, GAPS)),
        "exponential": Shape(("--ramp-up", "exponential", *ramp), Ramp("exponential", 10.0, 60.0, GAPS)),
        "constant": Shape(("--rate", "40", "--arrival", "constant"), Steady(40.0, Gaps(math.inf, SEED))),
        "poisson": Shape(("--rate", "40", "--arrival", "poisson"), Steady(40.0, Gaps(1.0, SEED))),
        "gamma": Shape(("--rate", "40", "--burstiness", "0.4"), Steady(40.0, Gaps(0.4, SEED))),
    }


NAMES = ("steps", "series", "sine", "burst", "linear", "exponential", "constant", "poisson", "gamma")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    (folder / "rates.csv").write_text("time_s,rate\n0,10\n1.5,60\n")
    return folder


@pytest.fixture(scope="module")
def started(
    folder: Path, quick_simulator: SimulatorProcess
) -> Iterator[dict[tuple[str, str], Future[Finished]]]:
    """All runs, by the names of their shape and their bound."""
    lengths = {"--duration": SECONDS, "--num-requests": REQUESTS}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (name, bound): pool.submit(
                run_load,
                folder / f"{name}{bound}",
                *("--url", quick_simulator.url, *shape.args, bound, lengths[bound], *SHORT),
            )
            for name, shape in shapes(folder).items()
            for bound in BOUNDS
        }


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("name", NAMES)
def test_requests_are_sent_as_planned(
    started: dict[tuple[str, str], Future[Finished]], folder: Path, name: str, bound: str
) -> None:
    run = started[name, bound].result()
    assert run.code == 0, run.err
    assert wrong_in(run.summary) == []
    loaded = Run.load(run.folder)
    planned = np.sort(loaded.rows["planned_ns"]) - loaded.start_ns
    expected = shapes(folder)[name].expected(bound)
    if bound == "--duration" and planned.size < expected.size:
        # One that is due at the very end of --duration is not sent if the host is then late (LAST_SEND_NS).
        expected = expected[expected < SECONDS * 1e9]
    assert np.array_equal(planned, expected)
    # Nothing leaves early, and what is late is late by the host's noise, not by the shape.
    late_ms = (loaded.rows["sent_ns"] - loaded.rows["planned_ns"]) / 1e6
    assert late_ms.min() >= 0
    assert np.median(late_ms) < 100


def test_no_shape_is_left_out(folder: Path) -> None:
    assert tuple(shapes(folder)) == NAMES


def test_a_steady_rate_sends_as_many_as_the_time_holds() -> None:
    assert Steady(40.0, GAPS).count_within(SECONDS) == int(40 * SECONDS)
