"""docs/accuracy.md: its commands are valid, and the options it names exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from aisbench.cli.commands import COMMANDS, group

TEXT = (Path(__file__).parents[3] / "docs" / "accuracy.md").read_text()
LINES = re.findall(r"^    aisbench (.+)$", TEXT, re.MULTILINE)


def command_named(name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    assert found is not None
    return found


@pytest.mark.parametrize("line", LINES)
def test_a_command_is_taken(line: str) -> None:
    name, *args = shlex.split(line, comments=True)
    with command_named(name).make_context(name, args):
        pass


def test_the_options_exist() -> None:
    named = set(re.findall(r"`(--[\w-]+)", TEXT))
    options = [one for name in COMMANDS for one in command_named(name).params]
    there = {flag for one in options for flag in (*one.opts, *one.secondary_opts)}
    assert named
    assert named - there == set()
