"""The comparison in turns, with a stand-in for the vllm command: it must need nothing of vllm here."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from aisbench.simulator.process import SimulatorProcess
from bench.compare_with_vllm import compared_bodies, main
from tests.workload.conftest import byte_tokenizer

# Does with this program what `vllm bench serve` was asked, and leaves its result where that would. Its bodies
# are vLLM's.
STAND_IN = """#!{python}
import pathlib, shutil, subprocess, sys
args = sys.argv[3:]
drop = {{"--endpoint": 2, "--disable-tqdm": 1, "--save-result": 1, "--result-dir": 2, "--result-filename": 2}}
kept, at = [], 0
while at < len(args):
    step = drop.get(args[at], 0)
    kept += [] if step else [args[at]]
    at += step or 1
place = pathlib.Path(args[args.index("--result-dir") + 1])
kept += ["--compat", "vllm", "--save-token-times", "--no-progress", "--work-dir", str(place / "runs")]
subprocess.run([sys.executable, "-m", "aisbench", "load", *kept], check=True, stdout=subprocess.DEVNULL)
(run,) = (place / "runs").iterdir()
shutil.copy(run / "vllm.json", place / "result.json")
"""


def stand_in(folder: Path) -> Path:
    path = folder / "vllm"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o755)
    return path


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    byte_tokenizer().save_pretrained(tmp_path / "tokenizer")
    return tmp_path / "tokenizer"


def test_both_in_turns(
    tmp_path: Path, tokenizer: Path, quick_simulator: SimulatorProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    quick_simulator.reset()
    code = main(
        [
            *("--url", quick_simulator.url, "--vllm", str(stand_in(tmp_path))),
            *(
                "--model",
                "simulated-8b",
                "--tokenizer",
                str(tokenizer),
                "--rounds",
                "1",
                "--num-requests",
                "12",
            ),
            *(
                "--input-len",
                "20",
                "--output-len",
                "5",
                "--concurrency",
                "4",
                "--output",
                str(tmp_path / "out"),
            ),
        ]
    )
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "the bodies are the same, byte for byte\n" in said.out
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [group["runs"][0]["tool"] for group in told["groups"]] == ["aisbench", "vllm bench serve"]
    assert told["pairs"][0]["inputs"]["status"] == "the same"
    values = {metric["key"]: metric["values"] for metric in told["metrics"]}
    assert values["completed"]["vllm"]["value"] == 12
    assert values["total_output_tokens"]["vllm"]["verdict"] == "same"
    if shutil.which("perf"):
        assert values["cpu_s"]["vllm"]["value"] > 0
    assert (tmp_path / "out" / "comparison.html").is_file()


def test_other_bodies_are_said() -> None:
    assert compared_bodies(["a", "a"]) == "the bodies are the same, byte for byte"
    assert compared_bodies(["a", "b"]) == "the bodies are not the same"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--vllm", "no-such-command"), "no such command"),
        (("--rounds", "0"), "--rounds 0"),
        (("--output-len", "1"), "--output-len must be at least 2"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: tuple[str, str], said: str
) -> None:
    needed = (
        "--url",
        "http://127.0.0.1:9",
        "--model",
        "m",
        "--tokenizer",
        "t",
        "--vllm",
        str(stand_in(tmp_path)),
    )
    assert main([*needed, *changed]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_client_that_fails_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tokenizer: Path
) -> None:
    """Nothing answers at that address, so that no model is known there and no run succeeds."""
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 5\n")
    broken.chmod(0o755)
    code = main(
        [
            *(
                "--url",
                "http://127.0.0.1:9",
                "--vllm",
                str(broken),
                "--model",
                "m",
                "--tokenizer",
                str(tokenizer),
            ),
            *("--num-requests", "4", "--input-len", "8", "--output", str(tmp_path / "out")),
        ]
    )
    assert code == 1
    # The making of the tokenizer may have said something before.
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")
