from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from aisbench.cli.commands import COMMANDS
from aisbench.cli.load import load
from aisbench.config.run_config import RunConfig
from tests.system.running import run_command


def test_every_option_of_a_run_is_on_the_command_line() -> None:
    offered = {parameter.name for parameter in load.params}
    assert {field.name for field in fields(RunConfig)} <= offered


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_is_there_and_loads_nothing_heavy(command: str) -> None:
    code = (
        "import sys; sys.argv = ['aisbench', sys.argv[1], '--help']\n"
        "import atexit; heavy = {'numpy', 'plotly', 'rich', 'transformers', 'aiohttp', 'uvloop', 'yaml', 'tomllib', 'secrets'}\n"
        "atexit.register(lambda: print('heavy:', sorted(heavy & set(sys.modules))))\n"
        "from aisbench.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code, command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: " in done.stdout
    assert "heavy: []" in done.stdout


def test_an_unknown_command_is_one_line() -> None:
    done = run_command("lode")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "lode" in done.stderr


@pytest.mark.parametrize(
    "alias", ["--request-rate", "--max-concurrency", "--num-prompts", "--base-url", "--random-input-len"]
)
def test_vllms_names_are_accepted(alias: str) -> None:
    assert alias in {flag for parameter in load.params for flag in parameter.opts}


def test_a_toml_file_holds_options_as_well(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('rate = "fast"\n')
    done = run_command("load", "--config", str(tmp_path / "run.toml"))
    assert done.returncode == 2
    assert "--rate" in done.stderr


@pytest.mark.parametrize("option", [b"--dataset-path", b"--label", b"--work-dir"])
def test_what_is_not_utf8_is_one_line(option: bytes) -> None:
    command = [
        sys.executable.encode(),
        b"-m",
        b"aisbench",
        b"load",
        b"--dataset",
        b"jsonl",
        option,
        b"caf\xe9.jsonl",
    ]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr == b"error: 'caf\\udce9.jsonl' is not UTF-8; rename the file, or give the text in UTF-8\n"
    )
