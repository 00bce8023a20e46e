"""The help of every command has valid examples and shows the options in sections."""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path

import click
import pytest

from aisbench.cli.commands import COMMANDS, group
from aisbench.cli.plot import plot
from aisbench.cli.simulate import simulate
from aisbench.cli.studies.saturate import saturate

# Commands without options of their own.
WITHOUT_OPTIONS = ("backends", "workloads", "completion")
GROUPS = {"workload": ("export", "import"), "export": ("mlflow", "wandb")}
NAMES = [
    *([name] for name in COMMANDS if name not in (*WITHOUT_OPTIONS, *GROUPS)),
    *([group, name] for group, names in GROUPS.items() for name in names),
    *(["workload", "cache", name] for name in ("list", "clear")),
]


def command_of(names: list[str]) -> click.Command:
    command: click.Command = group
    for name in names:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    return command


def help_of(command: click.Command) -> str:
    with command.make_context("x", [], resilient_parsing=True) as context:
        return command.get_help(context)


def titles_of(command: click.Command) -> list[str]:
    return [line[:-1] for line in help_of(command).splitlines() if line.endswith(":") and line[0] != " "]


@pytest.mark.parametrize("names", NAMES, ids=" ".join)
def test_examples_can_be_given(names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The help shows each example on its own line before the options, and the command accepts it."""
    monkeypatch.chdir(tmp_path)
    Path("run.yaml").write_text("rate: 5\n")
    command = command_of(names)
    shown = help_of(command)
    begin = "aisbench-load" if names == ["load"] else " ".join(["aisbench", *names])
    examples = [line.strip() for line in shown.splitlines() if line.startswith(f"  {begin}")]
    assert len(examples) >= 2
    assert shown.index(examples[-1]) < shown.index("-h, --help")
    for example in examples:
        words = itertools.takewhile(lambda word: word != ">", shlex.split(example)[len(begin.split()) :])
        with command.make_context(names[-1], list(words)):
            pass


def test_a_search_s_own_options_come_first() -> None:
    assert titles_of(saturate)[:6] == ["Search", "Target", "Load", "Workload", "Stream", "Output"]
    assert "--slo" in help_of(saturate).partition("Search:")[2].partition("Target:")[0]
    assert "--resume" in help_of(saturate).partition("Search:")[2].partition("Target:")[0]


def test_the_simulator_s_options_are_in_sections() -> None:
    assert titles_of(simulate) == [
        "Address",
        "Model",
        "Scheduling",
        "Prefix cache",
        "Time",
        "Stream",
        "Faults",
        "Others",
    ]


def test_arguments_are_not_listed_among_the_options() -> None:
    assert "Options:\n  --chart" in help_of(plot)
