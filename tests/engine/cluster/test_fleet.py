"""How many nodes and workers a load gets on the hosts of a cluster, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.engine.cluster.fleet import Fleet, workers_of
from aisbench.engine.cluster.messages import About
from aisbench.engine.cluster.ray_nodes import check_versions
from aisbench.errors import BadInput
from tests.engine.cluster.threads import ThreadCluster


def config(**options: Any) -> RunConfig:
    return RunConfig(ray="auto", **options)


@pytest.mark.parametrize(
    ("options", "cpus", "workers"),
    [
        # One worker for each 1,024 streams or 5,000 sends/s, in all.
        ({"concurrency": 64}, [8, 8, 8], [1, 1, 1]),
        ({"concurrency": 10_240}, [8, 8], [5, 5]),
        ({"rate": 60_000.0}, [8, 4], [6, 4]),
        # A head without CPUs does not become a node.
        ({"concurrency": 64}, [4, 4, 0], [1, 1]),
        ({"concurrency": 64, "nodes": 1}, [8, 4], [1]),
        ({"concurrency": 64, "workers_per_node": 3}, [8, 4], [3, 3]),
    ],
)
def test_workers_follow_the_load(options: dict[str, Any], cpus: list[int], workers: list[int]) -> None:
    assert workers_of(config(**options), cpus) == workers


@pytest.mark.parametrize(
    ("options", "cpus", "said"),
    [
        (
            {"nodes": 3},
            [2, 2],
            "--nodes 3: the Ray cluster has 2 hosts with CPUs for it, and each can be one node",
        ),
        (
            {"workers_per_node": 3},
            [4, 2],
            "--workers-per-node 3: a host of the Ray cluster has 2 CPUs; give that many",
        ),
        ({}, [0], "--ray: the Ray cluster has no host with a CPU for load"),
    ],
)
def test_clusters_that_are_too_small(options: dict[str, Any], cpus: list[int], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        workers_of(config(**options), cpus)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"concurrency": 2}, "--concurrency 2 is less than one request for each of 3 nodes"),
        ({"concurrency": 9, "prefill_concurrency": 2}, "--prefill-concurrency 2 is less than one"),
    ],
)
def test_each_node_needs_a_slot(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said):
        Fleet(config(**options), lambda line: None, ThreadCluster([1, 1, 1], tmp_path))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ((), "the built-in simulator can be reached from this host alone, and nodes are on far"),
        (
            ("http://127.0.0.1:8000",),
            "--url http://127.0.0.1:8000 means this host alone, and nodes are on far",
        ),
        (("http://localhost:8000",), "--url http://localhost:8000 means this host alone"),
    ],
)
def test_servers_that_nodes_cannot_reach(
    url: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = ThreadCluster([1], tmp_path)
    far = About("1", "3.11", "far", "192.0.2.9", "6", 1, 1, str(tmp_path))
    monkeypatch.setattr("aisbench.engine.cluster.node.Node.about", lambda node: far)
    with pytest.raises(BadInput, match=said):
        Fleet(config(url=url), lambda line: None, cluster)


def test_other_versions_are_refused_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aisbench.__version__", "2.0")
    check_versions([("a", "2.0")])
    with pytest.raises(BadInput, match=r"--ray: b has aisbench 1.9, and this host has 2.0; install the same"):
        check_versions([("a", "2.0"), ("b", "1.9")])
    with pytest.raises(BadInput, match=r"--ray: b has no aisbench, and this host has 2.0"):
        check_versions([("b", None)])
