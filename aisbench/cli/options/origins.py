"""Which file the options' defaults are from."""

from __future__ import annotations

from collections.abc import Iterable

import click

_META = "aisbench.origins"


def note(ctx: click.Context, origin: str, names: Iterable[str]) -> None:
    """The options `names` have their defaults from `origin`, a file; the last to say so counts."""
    origins_of(ctx).update(dict.fromkeys(names, origin))


def origins_of(ctx: click.Context) -> dict[str, str]:
    """By the options' names."""
    found: dict[str, str] = ctx.meta.setdefault(_META, {})
    return found
