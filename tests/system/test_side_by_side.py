"""Runs that are started at the same moment in one folder, with different numbers of workers, and send the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aisbench.simulator.process import SimulatorProcess
from tests.system.running import start_load

LOAD = (
    "--rate",
    300,
    "--num-requests",
    40,
    "--seed",
    5,
    "--range-ratio",
    0.5,
    "--input-len",
    12,
    "--output-len",
    4,
)


def sent_in(folder: Path) -> tuple[Any, list[tuple[Any, ...]]]:
    """The fingerprints of a run, and its requests in the order of requests.jsonl: what was sent, and when it was due."""
    rows = list(map(json.loads, (folder / "requests.jsonl").read_text().splitlines()))
    named = ("slot", "planned_ms", "prompt_tokens")
    assert rows[0].keys() >= set(named), rows[0].keys()
    return json.loads((folder / "summary.json").read_text())["fingerprint"], [
        tuple(row[name] for name in named) for row in rows
    ]


def test_each_run_has_its_folder_and_sends_the_same_whatever_its_workers(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    runs = [
        start_load(tmp_path, "--url", quick_simulator.url, *LOAD, "--workers", workers, "--no-progress")
        for workers in (1, 2, 3)
    ]
    for run in runs:
        out, err = run.communicate(timeout=100)
        assert run.wait() == 0, out + err
    folders = sorted(tmp_path.iterdir())
    assert len(folders) == 3
    one, *others = map(sent_in, folders)
    assert len(one[1]) == 40
    assert all(other == one for other in others)
    workers = [len(list(folder.glob("records/rows-*.bin"))) for folder in folders]
    assert sorted(workers) == [1, 2, 3]
