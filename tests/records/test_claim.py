"""A folder that one command continues at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aisbench.errors import BadInput
from aisbench.records.claim import claimed
from tests.system.running import run_command

CLAIM = "import sys, pathlib; from aisbench.records.claim import claimed\nwith claimed(pathlib.Path(sys.argv[1])): print('claimed', flush=True); sys.stdin.read()"


def test_a_claim_excludes_others_until_it_ends(tmp_path: Path) -> None:
    with claimed(tmp_path):
        with pytest.raises(BadInput, match=f"another aisbench is at work in {tmp_path}"), claimed(tmp_path):
            pass
        with claimed(tmp_path.parent):
            pass
    with claimed(tmp_path):
        assert list(tmp_path.iterdir()) == []
    with claimed(tmp_path / "nowhere"):
        pass


def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", CLAIM, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"claimed\n"
    with pytest.raises(BadInput), claimed(tmp_path):
        pass
    other.kill()
    other.communicate()
    with claimed(tmp_path):
        pass


@pytest.mark.parametrize("command", ["saturate", "sweep"])
def test_a_study_that_another_process_continues_is_refused(command: str, tmp_path: Path) -> None:
    with claimed(tmp_path):
        refused(tmp_path, command, "--resume", tmp_path)


def test_an_evaluation_that_another_process_continues_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "a"
    (tmp_path / "gsm8k").mkdir()
    folder.mkdir(parents=True)
    question = {"question": "1 + 1?", "answer": "#### 2"}
    (tmp_path / "gsm8k" / "test.jsonl").write_text(json.dumps(question) + "\n")
    (folder / "evaluation.json").write_text(json.dumps({"schema": 1, "model": "m"}))
    data = ("--datasets", "gsm8k", "--dataset-path", tmp_path, "--shots", 0)
    with claimed(folder):
        refused(folder, "eval", *data, "--work-dir", tmp_path / "out", "--reuse", "a")


def refused(folder: Path, *command: object) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = run_command(*command)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"error: another aisbench is at work in {folder}; wait until it has ended" in done.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
