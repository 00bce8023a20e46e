"""`aisbench backends`: lists the APIs that `--backend` accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from aisbench.cli.command import Command
from aisbench.errors import BadInput

if TYPE_CHECKING:
    from aisbench.backends.backend import Backend

_HEADS = ("name", "family", "path", "answers", "output tokens from")


@click.command(cls=Command)
def backends() -> None:
    """List what --backend accepts: family, path, whether it streams, how output tokens are counted."""
    from aisbench.backends.registry import AISBENCH_NAMES, BACKENDS

    for line in _in_columns([_HEADS, *(_row(name, one) for name, one in BACKENDS.items())]):
        click.echo(line)
    for line in _of_plugins():
        click.echo(line)
    click.echo("\nAny other API: --backend template --template FILE.toml; see docs/backends.md.")
    click.echo("\nAISBench's names are accepted too:")
    for line in _in_columns([(f"  {theirs}", ours) for theirs, ours in AISBENCH_NAMES.items()]):
        click.echo(line)


def _row(name: str, one: Backend) -> tuple[str, ...]:
    return name, one.family, one.path, "streamed or whole" if one.rules else "whole", one.output_tokens_from


def _of_plugins() -> Iterator[str]:
    from aisbench import plugins
    from aisbench.backends.registry import BACKENDS, backend_named

    rows, broken = [], []
    # Our own names come first, so that a plugin cannot replace them.
    for name in (name for name in plugins.names(plugins.BACKENDS) if name not in BACKENDS):
        try:
            rows.append(_row(f"  {name}", backend_named(name)))
        except BadInput as problem:
            broken.append(f"  {problem}")
    if rows or broken:
        yield "\nOf installed packages:"
        yield from [*(_in_columns(rows) if rows else ()), *broken]


def _in_columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
