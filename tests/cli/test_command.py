"""Traits of all commands: names, versions, hints, completion, the environment."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from aisbench.backends.registry import BACKENDS
from aisbench.cli.commands import COMMANDS, group
from aisbench.cli.load import load
from aisbench.simulator.process import SimulatorProcess
from tests.system.running import run_command

AISBENCH = [sys.executable, "-m", "aisbench"]


def run(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_command(*args, variables=variables)


def test_all_unknown_options_are_named_at_once() -> None:
    done = run("load", "--zzz", "3", "--goodputt", "ttft:5", "--model", "--odd")
    assert done.returncode == 2
    assert done.stderr == "error: unknown option --zzz; unknown option --goodputt (did you mean --goodput?)\n"


def test_a_value_that_looks_like_an_option_is_a_value() -> None:
    with load.make_context("aisbench-load", ["--model", "--odd"]) as context:
        assert context.params["model"] == "--odd"


def test_a_command_misspelt() -> None:
    done = run("lod")
    assert (done.returncode, done.stderr) == (2, "error: unknown command lod; did you mean load?\n")
    assert run("workload", "exprt").stderr == "error: unknown command exprt; did you mean export?\n"
    said = "unknown option --rate; options go after the command, as in aisbench load --rate"
    assert run("--rate", "5").stderr == f"error: {said}\n"


def test_short_options_are_named_with_the_others() -> None:
    done = run("load", "-n", "5", "--zzz", "-n4", "--seed", "-5")
    assert done.stderr == "error: unknown option -n (give --num-requests N); unknown option --zzz\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_its_version(command: str) -> None:
    found = group.get_command(click.Context(group), command)
    assert found is not None
    assert "--version" in {flag for parameter in found.params for flag in parameter.opts}


def test_the_help_of_a_run_is_in_parts() -> None:
    done = run("load", "--help")
    titles = [line[:-1] for line in done.stdout.splitlines() if line.endswith(":") and line[0] != " "]
    assert titles[:5] == ["Target", "Load", "Workload", "Stream", "Output"]
    assert done.stdout.index("aisbench-load --url") < done.stdout.index("Target:")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_what_the_shell_takes(shell: str, tmp_path: Path) -> None:
    done = run("completion", shell)
    assert done.returncode == 0
    for program in ("aisbench", "aisbench-load"):
        assert f"_{program.replace('-', '_').upper()}_COMPLETE={shell}_complete" in done.stdout
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.stdout)
        subprocess.run([shell, "-n", str(script)], check=True)


def completed(*words: str) -> list[str]:
    variables = {
        "_AISBENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["aisbench", *words]),
        "COMP_CWORD": str(len(words)),
    }
    code = "import sys; sys.argv = ['aisbench']; from aisbench.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | variables
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_choices_are_completed() -> None:
    assert completed("load", "--arrival", "p") == ["poisson"]
    assert completed("load", "--backend", "openai-c") == ["openai-chat"]
    assert set(completed("load", "--backend", "")) == set(BACKENDS)
    assert "random" in completed("load", "--dataset", "r")
    assert "--rate" in completed("load", "--ra")
    assert completed("sat") == ["saturate"]
    assert completed("load", "--no-such", "x", "--arri") == ["--arrival"]
    assert completed("load", "--goodput", "--arri") == ["--arrival"]


def test_a_choice_that_is_none_is_named_with_the_nearest() -> None:
    done = run("load", "--arrival", "posson")
    assert done.returncode == 2
    assert "--arrival" in done.stderr
    assert "did you mean poisson? known: constant, poisson, gamma" in done.stderr


def test_the_environment_stands_between_the_command_line_and_the_file(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = run("load", AISBENCH_URL=url)
    assert done.returncode == 1
    assert url in done.stderr
    (tmp_path / "run.yaml").write_text("rate: 5\nconcurrency: 7\nnum_requests: 9\n")
    os.environ |= {"AISBENCH_CONCURRENCY": "8", "AISBENCH_NUM_REQUESTS": "8", "AISBENCH_DURATION": "5m"}
    try:
        args = ["--config", str(tmp_path / "run.yaml"), "--num-requests", "10"]
        with load.make_context("aisbench-load", args) as context:
            got = context.params
    finally:
        for name in ("CONCURRENCY", "NUM_REQUESTS", "DURATION"):
            del os.environ[f"AISBENCH_{name}"]
    assert (got["rate"], got["concurrency"], got["num_requests"], got["duration_s"]) == (5.0, 8, 10, 300.0)


def test_headers_of_the_environment_may_hold_blanks() -> None:
    os.environ["AISBENCH_HEADER"] = "X-Team: a b\nX-Other: c"
    try:
        with load.make_context("aisbench-load", []) as context:
            assert context.params["header"] == ("X-Team: a b", "X-Other: c")
    finally:
        del os.environ["AISBENCH_HEADER"]


def test_the_summary_is_alone_on_stdout(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    args = ("--url", quick_simulator.url, "--num-requests", "3", "--output-len", "2", "--live-port", "0")
    done = run("load", "--json", "--work-dir", str(tmp_path), *args)
    assert json.loads(done.stdout)["completed"] == 3
    assert "live: http" in done.stderr
