"""A system clock that is set while a run goes on. The kernel's receive stamps use it; all times in the records must not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.system.running import run_command

SOURCE = Path(__file__).with_name("stepping_clock.c")


@pytest.fixture(scope="module")
def stepping_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("clock") / "stepping_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    return library


def test_no_time_is_wrong_by_the_step(
    tmp_path: Path, quick_simulator: SimulatorProcess, stepping_clock: Path
) -> None:
    # The stamps are set where recvmsg returns them, and io_uring does not go through it. What follows is the same for both.
    load = (
        "--rate",
        150,
        "--num-requests",
        120,
        "--workers",
        2,
        "--input-len",
        8,
        "--output-len",
        20,
        "--reader",
        "epoll",
    )
    done = run_command(
        *("load", "--work-dir", tmp_path, "--url", quick_simulator.url, "--no-progress", *load),
        variables={"LD_PRELOAD": str(stepping_clock)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = tmp_path.iterdir()
    run = Run.load(folder)
    rows = run.rows
    assert (rows["status"] == 1).sum() == 120
    for before, after in (
        ("sent_ns", "first_byte_ns"),
        ("first_byte_ns", "first_token_ns"),
        ("first_token_ns", "first_token_seen_ns"),
        ("first_token_ns", "last_token_ns"),
        ("last_token_ns", "done_ns"),
    ):
        assert (rows[before] <= rows[after]).all(), (before, after)
    assert (rows["done_ns"] - rows["sent_ns"]).max() < 60e9
    steps = [worker["clock_steps"] for worker in run.workers]
    assert min(steps) >= 5, steps
    assert "The largest step of the system clock during the run was 3600000" in done.stdout
