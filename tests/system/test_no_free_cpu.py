"""A client that gets no CPU while others are busy: the verdict says so, and the figures keep their bounds."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.system.running import finish, start_load, wait_for_rows, workers_of
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("timing")
_BUSY_S = 0.8


@contextlib.contextmanager
def busy(cpu: int) -> Iterator[None]:
    """Two processes that need all of one CPU."""
    spin = ["sh", "-c", "while :; do :; done"]
    pin = lambda: os.sched_setaffinity(0, {cpu})  # noqa: E731
    spinners = [subprocess.Popen(spin, preexec_fn=pin) for _ in range(2)]
    try:
        yield
    finally:
        for one in spinners:
            one.kill()
            one.wait()


def test_a_client_without_a_free_cpu_is_not_believed(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    load = ("--rate", 150, "--duration", 3, "--workers", 1, "--input-len", 8, "--output-len", 20)
    process = start_load(tmp_path, "--url", quick_simulator.url, *load, "--no-progress")
    wait_for_rows(process, tmp_path)
    (worker,) = workers_of(process)
    cpu = max(os.sched_getaffinity(worker))
    os.sched_setaffinity(worker, {cpu})
    os.setpriority(os.PRIO_PROCESS, worker, 19)
    with busy(cpu):
        ends = time.monotonic() + _BUSY_S
        wait_until(lambda: time.monotonic() > ends)
    done = finish(process, tmp_path)
    assert done.code == 0, done.err
    client, verdict = done.summary["client"], done.summary["verdict"]
    assert verdict["status"] == "invalid"
    assert any("A worker waited for a CPU" in reason for reason in verdict["reasons"]), verdict["reasons"]
    low, high = client["ttft_bounds_ms"]
    mean = done.summary["metrics"]["ttft_ms"]["mean"]
    assert low <= mean == pytest.approx(high)
    assert mean <= client["ttft_user_ms"]["mean"]
