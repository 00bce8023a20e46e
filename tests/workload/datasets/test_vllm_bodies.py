"""Request bodies, from vLLM's own options, against what `vllm bench serve` 0.32 sent (vllm_golden_bodies.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aisbench.cli.workload.workload import workload
from tests.workload.datasets.vllm_golden_bodies import CASES

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "vllm_bodies.json").read_text())


@pytest.mark.parametrize("name", list(CASES))
def test_the_same_options_send_the_same_bytes(name: str, deepseek_folder: Path, tmp_path: Path) -> None:
    backend, count, options = CASES[name]
    here = [str(HERE / part) if part.startswith("data/") else part for part in options]
    args: list[Any] = [
        *("export", "--backend", backend, "--model", "m", "--tokenizer", str(deepseek_folder)),
        *("--num-prompts", str(count), "--output", str(tmp_path / "out.jsonl"), "--seed", "0", *here),
    ]
    CliRunner().invoke(workload, args, catch_exceptions=False, standalone_mode=False)
    made = [json.loads(line)["body"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [json.dumps(body) for body in made] == GOLDEN[name]["bodies"]
