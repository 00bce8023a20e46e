"""`aisbench score`: prints rows or a table, and one error line for input that cannot be read."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.system.running import run_command

ROOT = Path(__file__).parents[2]
ROWS = [
    {"output": "The answer is (C).", "gold": "C", "id": 7},
    {"output": "<think>It may be B", "gold": "B"},
    {"output": "Two of them.", "gold": "A"},
]
TEXT = "".join(json.dumps(row) + "\n" for row in ROWS)


def run(*args: str, given: str = "", folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run_command("score", *args, given=given, cwd=folder)


def test_rows_in_order() -> None:
    done = run("--kind", "choice", "-", "--json", given=TEXT)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["extracted"] for row in rows] == ["C", None, None]
    assert [row["correct"] for row in rows] == [True, False, False]
    assert {tuple(row) for row in rows} == {("extracted", "correct", "rule", "sure")}


def test_a_table() -> None:
    done = run("--kind", "choice", "-", given=TEXT)
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["3", "33.3%", "66.7%", "0.0%"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "standard input is empty"),
        (TEXT + "{oops\n", "standard input: line 4 is not JSON"),
        ('{"gold": "A"}\n', 'standard input: line 1 needs an "output" that is a string'),
        ('{"output": "A"}\n', 'standard input: line 1 needs a "gold" that is a string or a number'),
        ("[1]\n", "standard input: line 1 is not an object"),
    ],
)
def test_what_cannot_be_read_is_one_line(text: str, said: str) -> None:
    done = run("--kind", "choice", "-", "--json", given=text)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.count("\n") == 1


def test_the_documented_commands(tmp_path: Path) -> None:
    section = (ROOT / "docs" / "accuracy.md").read_text().partition("## How answers are extracted")[2]
    commands = re.findall(r"^    aisbench score (.+)$", section, re.MULTILINE)
    assert len(commands) == 3
    (tmp_path / "outputs.jsonl").write_text('{"output": "The answer is 5", "gold": "5"}\n')
    for command in commands:
        done = run(*shlex.split(command), folder=tmp_path)
        assert done.returncode == 0, done.stderr


def test_aisbench_s_rules_are_another_reading() -> None:
    row = '{"output": "The answer is 5. Ask for steps 1 to 3.", "gold": 5}\n'
    own, other = (
        json.loads(run("--kind", "gsm8k", "-", "--json", "--extraction", which, given=row).stdout)
        for which in ("own", "aisbench")
    )
    assert (own["extracted"], own["correct"]) == ("5", True)
    assert (other["extracted"], other["correct"]) == ("3", False)
