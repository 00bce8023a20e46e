"""The lines that `--search` prints: each option's value and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click
from click.core import ParameterSource

from aisbench.cli.options.environment import variable_in_use
from aisbench.cli.options.origins import origins_of
from aisbench.masking.masking import masked_option


def lines_of(ctx: click.Context, defaults: Mapping[str, Any] = MappingProxyType({})) -> list[str]:
    """The files that set options, then each option with its value (secrets masked) and its origin.

    `defaults`: the command's defaults, where they differ from the options' own.
    """
    origins = origins_of(ctx)
    lines = list(dict.fromkeys(origins.values()))
    for option in ctx.command.params:
        name = str(option.name)
        if not isinstance(option, click.Option) or not option.expose_value or option.hidden:
            continue
        source = ctx.get_parameter_source(name)
        value = ctx.params[name]
        if source is ParameterSource.DEFAULT:
            value, origin = defaults.get(name, value), "default"
        elif source is ParameterSource.DEFAULT_MAP:
            origin = origins[name]
        elif source is ParameterSource.ENVIRONMENT:
            origin = f"environment {variable_in_use(ctx, option)}"
        else:
            origin = "option"
        lines.append(f"{option.opts[0]} {_text(masked_option(name, value))} ({origin})")
    return lines


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value))
    return "-" if value is None or value == "" else str(value)
