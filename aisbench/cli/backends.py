"""`aisbench backends`: lists the APIs that `--backend` accepts."""

from __future__ import annotations

from collections.abc import Iterable

import click

from aisbench.cli.command import Command

_HEADS = ("name", "family", "path", "answers", "output tokens from")


@click.command(cls=Command)
def backends() -> None:
    """List what --backend accepts: family, path, whether it streams, how output tokens are counted."""
    from aisbench.backends.registry import AISBENCH_NAMES, BACKENDS

    rows = [
        (name, b.family, b.path, "streamed or whole" if b.rules else "whole", b.output_tokens_from)
        for name, b in BACKENDS.items()
    ]
    for line in _in_columns([_HEADS, *rows]):
        click.echo(line)
    click.echo("\nAISBench's names are accepted too:")
    for line in _in_columns([(f"  {theirs}", ours) for theirs, ours in AISBENCH_NAMES.items()]):
        click.echo(line)


def _in_columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
