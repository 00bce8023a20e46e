"""Remembers which file an option's default came from."""

from __future__ import annotations

from collections.abc import Iterable

import click

_META = "aisbench.origins"


def note(ctx: click.Context, origin: str, names: Iterable[str]) -> None:
    """Records that `origin`, a file, gave the defaults of the options `names`. Later calls override earlier ones."""
    origins_of(ctx).update(dict.fromkeys(names, origin))


def origins_of(ctx: click.Context) -> dict[str, str]:
    """The files that gave defaults, by option name."""
    found: dict[str, str] = ctx.meta.setdefault(_META, {})
    return found
