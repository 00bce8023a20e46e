"""`aisbench compare` as a user calls it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.system.running import run_command

DATA = Path(__file__).parent.parent / "studies" / "comparison" / "data"


def call(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_command("compare", *args, cwd=cwd)


def run_folder(folder: Path, ttft_ms: float, *, seed: int) -> Path:
    ttft = np.random.default_rng(seed).normal(ttft_ms, 4, 600)
    rows = made_rows(np.zeros(600), ttft_ms=ttft)
    return write_run(
        folder, rows, config=base_config(concurrency=600, backend="openai-chat"), token_times=True
    )


def test_repeats_of_ours_against_a_slower_server(tmp_path: Path) -> None:
    runs = {
        name: [run_folder(tmp_path / f"{name}-{seed}", ttft, seed=seed) for seed in seeds]
        for name, ttft, seeds in (("quick", 50.0, (1, 2, 3)), ("slow", 65.0, (4, 5, 6)))
    }
    named = [f"{name}={','.join(map(str, folders))}" for name, folders in runs.items()]
    done = call(*named, "--output", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    verdicts = {metric["key"]: metric["values"]["slow"]["verdict"] for metric in told["metrics"]}
    assert verdicts["ttft_ms.mean"] == "differs"
    assert verdicts["tpot_ms.mean"] == "same"
    assert verdicts["completed"] == "same"
    assert "the same request bodies, byte for byte" in done.stdout
    assert "Single runs" not in done.stdout
    line = next(line for line in done.stdout.splitlines() if line.startswith("TTFT mean"))
    assert line.endswith("differs")
    assert "+30" in line or "+29" in line


def test_all_formats_at_once_go_to_a_folder_named_by_the_time(tmp_path: Path) -> None:
    ours = run_folder(tmp_path / "ours", 50.0, seed=1)
    files = [DATA / name for name in ("vllm.json", "sglang.jsonl", "aiperf.json", "guidellm.json")]
    done = call(ours, *files, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "outputs").iterdir()
    assert folder.name.startswith("comparison_2")
    assert str(folder.relative_to(tmp_path)) in done.stdout
    told = json.loads((folder / "comparison.json").read_text())
    assert [group["name"] for group in told["groups"]] == [
        "ours", "vllm.json", "sglang.jsonl", "sglang.jsonl (2)", "aiperf.json", "guidellm.json#1", "guidellm.json#2",
    ]  # fmt: skip
    assert "Single runs" in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["missing.json", "also.json"], "missing.json cannot be read"),
        ([str(DATA / "vllm.json")], "one result cannot be compared"),
        ([str(Path(__file__)), str(DATA / "vllm.json")], "is not JSON"),
        ([str(DATA / "vllm.json")] * 2 + ["--margin", "0"], "--margin"),
        ([str(DATA / "vllm.json")] * 2 + ["--output", str(Path(__file__) / "under")], "--output"),
        ([], "RUN RUN..."),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, args: list[str], said: str) -> None:
    done = call(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "outputs").exists()


def test_names_that_would_act_on_a_terminal_are_escaped(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path / name, 50.0, seed=seed) for seed, name in enumerate(("a", "b"))]
    done = call(f"clear\x1b[2J={folders[0]}", folders[1], "--output", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "clear\\x1b[2J" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
