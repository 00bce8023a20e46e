"""Prints a command's messages to its user."""

from __future__ import annotations

import click

from aisbench.masking.masking import masked_text
from aisbench.printable import printable


def say(line: str, *, err: bool = False) -> None:
    """Writes `line` to standard output, or error, without secrets and without a server's control characters."""
    click.echo(printable(masked_text(line)), err=err)
