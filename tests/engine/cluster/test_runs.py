"""Whole runs on several nodes: the same requests as on one host, one limit, one result; and nodes that are lost."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.contract.summary_type import plain
from aisbench.analysis.measured import Measured
from aisbench.analysis.summary import summarise
from aisbench.config.run_config import RunConfig
from aisbench.engine.coordinator import Coordinator
from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.analysis.summaries import wrong_in
from tests.engine.cluster.threads import ThreadCluster, run_on
from tests.system.running import run_load

pytestmark = pytest.mark.xdist_group("timing")

REQUESTS, RATE, SEED = 120, 100.0, 5
LOAD = RunConfig(input_len=8, output_len=6, num_requests=REQUESTS, rate=RATE, seed=SEED, ray="local")


def summary_of(folder: Path) -> tuple[Run, dict[str, Any]]:
    run = Run.load(folder)
    summary = plain(summarise(Measured(run)))
    assert wrong_in(json.loads(json.dumps(summary))) == []
    return run, summary


@pytest.fixture
def cluster(tmp_path: Path) -> ThreadCluster:
    return ThreadCluster([1, 2, 1], tmp_path)


def load(tmp_path: Path, **options: Any) -> RunConfig:
    return replace(LOAD, work_dir=str(tmp_path / "runs"), **options)


def test_three_nodes_send_what_one_host_sends(
    tmp_path: Path, cluster: ThreadCluster, quick_simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_simulator.reset()
    run, summary = summary_of(run_on(cluster, load(tmp_path, nodes=3), quick_simulator.url, monkeypatch))
    alone = run_load(
        tmp_path / "alone",
        *("--url", quick_simulator.url, "--rate", RATE, "--num-requests", REQUESTS, "--seed", SEED),
        *("--output-len", 6, "--input-len", 8, "--no-progress"),
    )
    one = Run.load(alone.folder)
    assert summary["completed"] == REQUESTS
    assert run.info["fingerprint"] == one.info["fingerprint"]
    assert run.rows["slot"].tolist() == list(range(REQUESTS))
    planned, planned_alone = (each.rows["planned_ns"] - each.start_ns for each in (run, one))
    assert planned.tolist() == planned_alone.tolist()
    assert (run.rows["sent_ns"] >= run.rows["planned_ns"]).all()
    # Each node has every third request.
    assert run.row_workers.tolist() == [0, 1, 2] * (REQUESTS // 3)
    assert [node["tickets"] for node in run.info["nodes"]] == [40, 40, 40]
    # The merged histograms count what the rows say.
    ttft_ms = (run.rows["first_token_ns"] - run.rows["sent_ns"]) / 1e6
    assert run.histograms["ttft"].count == REQUESTS
    assert summary["metrics"]["ttft_ms"]["mean"] == pytest.approx(ttft_ms.mean())
    assert summary["metrics"]["ttft_ms"]["p99"] == pytest.approx(np.percentile(ttft_ms, 99))
    assert not list(tmp_path.glob("aisbench-*-node-*")), "a node left its folder"


def test_the_limit_is_that_of_all_nodes_and_unused_slots_move(
    tmp_path: Path, cluster: ThreadCluster, quick_simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_simulator.reset()
    # Node 0 has every third request, and they are short: it is done when the others have hardly begun.
    lengths = [2, 150, 150] * 12
    rows = [json.dumps({"prompt": "a b c", "output_tokens": length}) for length in lengths]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    config = load(
        tmp_path,
        input_len=RunConfig.input_len,
        rate=None,
        concurrency=9,
        num_requests=len(lengths),
        dataset="jsonl",
        dataset_path=str(tmp_path / "rows.jsonl"),
    )
    run, summary = summary_of(run_on(cluster, config, quick_simulator.url, monkeypatch))
    assert summary["completed"] == len(lengths)
    assert quick_simulator.truth()["peak_concurrency"] == summary["in_flight"]["peak"] == 9
    # Its three slots went to the others.
    assert run.info["slots_moved"] >= 3


def test_a_lost_node_is_told_and_the_others_go_on(
    tmp_path: Path, cluster: ThreadCluster, quick_simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_simulator.reset()
    lost: list[np.ndarray] = []

    shown: list[str] = []

    def lose_one(running: Coordinator) -> None:
        shown.append(running.crew.words())
        if not lost and running.live()["ok"].sum() > 20:
            cluster.lose(1)
            lost.append(running.live().copy())

    said: list[str] = []
    run, summary = summary_of(
        run_on(cluster, load(tmp_path), quick_simulator.url, monkeypatch, tick=lose_one, say=said.append)
    )
    assert any(
        line.startswith("node 1 (") and line.endswith("its host died; the others go on") for line in said
    )
    assert re.fullmatch(r"0: \d+ in flight, 1: \d+ in flight, 2: \d+ in flight", shown[0])
    assert re.fullmatch(r"0: \d+ in flight, 1: lost, 2: \d+ in flight", shown[-1])
    # All that the others had to send was sent; the taken requests of the lost node are lost, the others were not sent.
    places = np.arange(REQUESTS)
    theirs = np.isin(places, run.rows["slot"][run.row_workers == 1])
    assert run.has_status("ok").sum() == REQUESTS - 40 == summary["completed"]
    assert run.histograms["ttft"].count == REQUESTS - 40
    assert summary["requests"]["lost"] == theirs.sum() == run.info["nodes"][1]["taken"] > 0
    assert summary["requests"]["not_sent"] == 40 - theirs.sum()
    assert summary["verdict"]["status"] == "invalid"
    assert any("node 1" in reason and "lost" in reason for reason in summary["verdict"]["reasons"])


def test_what_a_lost_node_had_left_is_sent_by_another(
    tmp_path: Path, cluster: ThreadCluster, quick_simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_simulator.reset()

    def lose_one(running: Coordinator) -> None:
        if not cluster.remotes[1].gone and running.live()["ok"].sum() > 20:
            # What the others have recorded so far comes and goes in that folder meanwhile.
            (running.directory.records / "hist-0.bin.1.part").symlink_to("gone")
            cluster.lose(1)

    config = load(tmp_path, reissue=True, concurrency=30)
    run, summary = summary_of(run_on(cluster, config, quick_simulator.url, monkeypatch, tick=lose_one))
    requests = summary["requests"]
    # All were sent once, but for those that the lost node had begun.
    assert run.rows["slot"].tolist() == list(range(REQUESTS))
    assert requests["completed"] == REQUESTS - requests["lost"]
    assert requests["not_sent"] == 0
    lost, replacement = summary["nodes"][1], summary["nodes"][3]
    assert lost["lost"] == "its host died"
    assert replacement["completed"] == 40 - requests["lost"] > 0
    theirs = run.row_workers == 3
    assert (run.rows["slot"][theirs] % 3 == 1).all()
    offsets_ns = run.rows["planned_ns"][theirs] - run.start_ns
    assert (offsets_ns >= 0).all()
    assert quick_simulator.truth()["peak_concurrency"] <= 30


def test_a_node_without_its_head_writes_a_run_of_its_own(
    tmp_path: Path, cluster: ThreadCluster, quick_simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_simulator.reset()

    class HeadLost(Exception):
        pass

    def lose_head(running: Coordinator) -> None:
        if running.live()["ok"].sum() > 20:
            for remote in cluster.remotes:
                remote.gone = "the head is gone"
                remote.node.silence_s = 0.0
            raise HeadLost

    with pytest.raises(HeadLost):
        run_on(
            cluster,
            load(tmp_path, num_requests=2000, grace_s=5.0),
            quick_simulator.url,
            monkeypatch,
            tick=lose_head,
        )
    parts = []
    for remote in cluster.remotes:
        assert remote.node.orphaned.wait(30.0)
        run, summary = summary_of(remote.node.folder)
        assert run.outcome == "failed"
        assert "the head of the cluster was lost" in (run.outcome_reason or "")
        assert summary["completed"] > 0
        parts.append(set(run.rows["slot"].tolist()))
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
