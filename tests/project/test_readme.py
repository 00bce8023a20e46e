"""README.md: its commands are valid, and what it names exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from aisbench.cli.commands import group
from aisbench.cli.load import load

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^    ((?:aisbench[- ]|scripts/load).+)$", TEXT, re.MULTILINE)


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command, and the arguments that are left for it."""
    name, *args = words
    if name in ("aisbench-load", "scripts/load"):
        return load, args
    found: click.Command = group
    while isinstance(found, click.Group):
        below = found.get_command(click.Context(found), args[0])
        assert below is not None, words
        found, args = below, args[1:]
    return found, args


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: line[:40].strip())
def test_a_command_is_taken(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command, args = command_of(shlex.split(line, comments=True))
    monkeypatch.chdir(tmp_path)
    if "--config" in args:
        file = Path(args[args.index("--config") + 1])
        file.parent.mkdir(parents=True)
        file.write_text("rate: 5\n")
    with command.make_context("aisbench", args):
        pass


def test_the_files_and_folders_that_it_names_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    folders = re.findall(r"(?:aisbench|bench|docs|scripts)/[\w/]+", TEXT.partition("## The code")[2])
    assert links
    assert [name for name in [*links, *folders] if not (ROOT / name).exists()] == []
