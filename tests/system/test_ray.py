"""Load from a real Ray cluster of three hosts on this machine, of which one has another clock."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import aisbench
from aisbench.engine.cluster.node import SILENCE_S
from aisbench.engine.cluster.ray_nodes import RayNodes
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.forks import forks
from tests.system.running import environment, finish, run_command, run_load, start_load, wait_for
from tests.waiting import wait_until

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

pytestmark = pytest.mark.xdist_group("ray")

AHEAD_S = 5000
SHORT = ("--input-len", 8, "--output-len", 6, "--seed", 3)
# A head that is lost is noticed sooner than by users.
IMPATIENT = (
    "import sys, aisbench.engine.cluster.fleet as fleet; fleet.SILENCE_S = 4.0; fleet._BEAT_EVERY_S = 0.5; "
    "from aisbench.cli.main import main; main()"
)


@functools.cache
def may_shift_clocks() -> bool:
    return (
        subprocess.run(["unshare", "--time", "--monotonic", "1", "true"], capture_output=True).returncode == 0
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three hosts with one CPU each. Where time namespaces are allowed, the clock of the last is AHEAD_S ahead."""
    import ray
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # No processes that only wait for work.
        patch.setenv("RAY_enable_worker_prestart", "0")
        patch.setenv("RAY_prestart_worker_first_driver", "0")
        found = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 1,
                "include_dashboard": False,
                "include_log_monitor": False,
                "no_monitor": True,
            },
        )
        stack.callback(found.shutdown)
        found.add_node(num_cpus=1, wait=False)
        join = [
            sys.executable,
            "-m",
            "ray.scripts.scripts",
            "start",
            f"--address={found.address}",
            "--num-cpus=1",
            "--include-log-monitor=false",
        ]
        shifted = ["unshare", "--time", "--monotonic", str(AHEAD_S), "--fork", "--kill-child"]
        third = subprocess.Popen(
            [*(shifted if may_shift_clocks() else ()), *join, "--block"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        stack.callback(third.wait)
        # unshare itself ignores the signal.
        stack.callback(os.killpg, third.pid, signal.SIGTERM)
        ray.init(found.address, namespace="tests", log_to_driver=False, logging_level=logging.ERROR)
        stack.callback(ray.shutdown)
        wait_until(lambda: resources("cluster").get("CPU") == 3, timeout_s=60)
        yield found


def resources(kind: str) -> dict[str, float]:
    """Those of the cluster, or of it the available ones."""
    import ray

    found: dict[str, float] = getattr(ray, f"{kind}_resources")()
    return found


def wait_for_free_cpus(count: int) -> None:
    wait_until(lambda: resources("available").get("CPU") == count, timeout_s=60)


def on(cluster: Cluster, simulator: SimulatorProcess, *args: object) -> tuple[object, ...]:
    return ("--ray", cluster.address, "--url", simulator.url, *SHORT, *args)


def test_three_hosts_send_what_one_sends(
    tmp_path: Path, cluster: Cluster, quick_simulator: SimulatorProcess
) -> None:
    quick_simulator.reset()
    # More than the limit lets through, so it is reached. All hosts have the folder, so files are moved.
    load = ("--rate", 200, "--num-requests", 120, "--concurrency", 8)
    folder = tmp_path / "nodes"
    run = run_load(tmp_path / "three", *on(cluster, quick_simulator, *load, "--node-dir", folder))
    assert run.code == 0, run.err
    assert quick_simulator.truth()["peak_concurrency"] == run.summary["in_flight"]["peak"] == 8
    assert not list(folder.iterdir())
    assert "the load comes from 3 nodes: " in run.err
    alone = run_load(tmp_path / "one", "--url", quick_simulator.url, *SHORT, *load)
    three, one = Run.load(run.folder), Run.load(alone.folder)
    assert run.summary["completed"] == 120
    assert three.info["fingerprint"] == one.info["fingerprint"]
    planned, planned_alone = (each.rows["planned_ns"] - each.start_ns for each in (three, one))
    assert planned.tolist() == planned_alone.tolist()
    nodes = run.summary["nodes"]
    assert [node["completed"] for node in nodes] == [40, 40, 40]
    # One of them has another clock, and all are known to the half of a round trip.
    offsets_ms = sorted(node["clock_offset_ms"] for node in nodes)
    truth_ms = [0, 0, AHEAD_S * 1e3 if may_shift_clocks() else 0]
    errors_ms = [node["clock_error_ms"] for node in nodes]
    assert all(abs(found - true) <= max(errors_ms) for found, true in zip(offsets_ms, truth_ms, strict=True))
    assert (three.rows["sent_ns"] >= three.rows["planned_ns"]).all()
    assert "By node" in (run.folder / "report.html").read_text()
    wait_for_free_cpus(3)


def test_ctrl_c_ends_all_hosts_with_a_report(
    tmp_path: Path, cluster: Cluster, quick_simulator: SimulatorProcess
) -> None:
    quick_simulator.reset()
    process = start_load(tmp_path, *on(cluster, quick_simulator, "--rate", 50, "--duration", "5m"))
    wait_for(process, lambda: quick_simulator.truth()["done"] > 20)
    process.send_signal(signal.SIGINT)
    run = finish(process, tmp_path)
    assert run.code == 130, run.err
    assert run.summary["outcome"] == "interrupted"
    assert run.summary["completed"] >= 20
    wait_for_free_cpus(3)


def test_too_few_hosts_are_refused(
    tmp_path: Path, cluster: Cluster, quick_simulator: SimulatorProcess
) -> None:
    refused = run_load(tmp_path, *on(cluster, quick_simulator, "--nodes", 4))
    assert refused.code == 2
    assert (
        refused.err
        == "error: --nodes 4: the Ray cluster has 3 hosts with CPUs for it, and each can be one node\n"
    )


def test_another_version_on_a_host_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = aisbench.__version__
    monkeypatch.setattr(aisbench, "__version__", "99.0")
    with pytest.raises(BadInput, match=rf"has aisbench {re.escape(theirs)}, and this host has 99\.0"):
        RayNodes(cluster.address).start("run", [1], None, SILENCE_S)
    wait_for_free_cpus(3)


def test_without_its_head_each_host_leaves_a_run(
    tmp_path: Path, cluster: Cluster, quick_simulator: SimulatorProcess
) -> None:
    quick_simulator.reset()
    folder = tmp_path / "nodes"
    args = on(
        cluster, quick_simulator, "--rate", 50, "--duration", "5m", "--grace", "2s", "--node-dir", folder
    )
    process = forks().start(IMPATIENT, ["load", "--work-dir", tmp_path, *args], environment())
    wait_for(process, lambda: quick_simulator.truth()["done"] > 20)
    process.kill()
    process.wait()
    parts = sorted(folder.iterdir())
    assert len(parts) == 3
    infos = [part / "records" / "run.json" for part in parts]
    wait_until(lambda: {json.loads(info.read_text())["outcome"] for info in infos} == {"failed"})
    wait_for_free_cpus(3)
    report = run_command("report", parts[0])
    assert (
        "The run failed: the head of the cluster was lost, so this is the part of node 0 alone."
        in report.stdout
    )
    assert sum(len(Run.load(part).rows) for part in parts) > 20


def test_a_host_that_dies_is_told_and_the_others_go_on(
    tmp_path: Path, cluster: Cluster, quick_simulator: SimulatorProcess
) -> None:
    """The last test, as the cluster has one host less afterwards."""
    quick_simulator.reset()
    process = start_load(tmp_path, *on(cluster, quick_simulator, "--rate", 100, "--num-requests", 300))
    wait_for(process, lambda: quick_simulator.truth()["done"] > 20)
    (victim,) = cluster.worker_nodes
    cluster.remove_node(victim, allow_graceful=False)
    run = finish(process, tmp_path)
    assert "was lost: " in run.err
    assert "; the others go on" in run.err
    (lost,) = [node for node in run.summary["nodes"] if node["lost"]]
    assert sum(node["completed"] for node in run.summary["nodes"]) == run.summary["completed"] == 200
    requests = run.summary["requests"]
    assert lost["completed"] == 0
    assert requests["lost"] + requests["not_sent"] == 100
    assert run.summary["verdict"]["status"] == "invalid"
    assert any("was lost" in reason for reason in run.summary["verdict"]["reasons"])
