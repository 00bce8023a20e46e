"""docs/from-sglang.md: its commands run, and the flags that it recommends exist."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisbench.backends.registry import BACKENDS
from aisbench.cli.load import load
from aisbench.simulator.process import SimulatorProcess
from aisbench.workload.datasets.registry import DATASETS
from tests.simulators import start_simulator
from tests.system.running import run_command

TEXT = (Path(__file__).parents[2] / "docs" / "from-sglang.md").read_text()
(BLOCK,) = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [shlex.split(text) for text in BLOCK.replace("\\\n", " ").strip().split("\n\n")]
OURS = [row.split("|")[2] for row in TEXT.splitlines() if row.startswith("| `") and row.count("|") == 3]
# Flags of other commands.
ELSEWHERE = {"--chart"}


def test_what_is_to_be_given_instead_is_an_option() -> None:
    ours = {flag for one in load.params for flag in (*one.opts, *one.secondary_opts)}
    named = {flag for cell in OURS for flag in re.findall(r"(?<![a-z-])(--[a-z-]+)", cell)}
    assert len(named) > 30
    assert named - ours == ELSEWHERE


def test_backends_and_data_sets_are_there() -> None:
    cells = " ".join(OURS)
    assert set(re.findall(r"--dataset ([a-z_-]+)", cells)) <= set(DATASETS)
    assert set(re.findall(r"--backend ([a-z-]+)", cells)) <= set(BACKENDS)


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with start_simulator([]) as started:
        yield started


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_a_command_of_the_page_runs(number: int, simulator: SimulatorProcess, tmp_path: Path) -> None:
    rows = [{"timestamp": 100 * i, "input_length": 20, "output_length": 4, "hash_ids": [i]} for i in range(9)]
    (tmp_path / "mooncake.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    name, *args = [word.replace("http://127.0.0.1:30000", simulator.url) for word in COMMANDS[number]]
    assert name == "aisbench-load"
    done = run_command("load", *args, "--work-dir", tmp_path / "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "o").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    asked = int(args[args.index("--num-prompts") + 1]) if "--num-prompts" in args else 9
    assert (summary["completed"], summary["failed"]) == (asked, 0)
