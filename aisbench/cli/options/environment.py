"""Options from the environment: AISBENCH_URL for --url, and so on for every option of every command.

Commands that share the options of a run share their variables; those of the others have the command's name in them,
as AISBENCH_SIMULATE_PORT, so that one variable never means two things.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

PREFIX = "AISBENCH_"
# Whoever has a key in the environment knows; it is in no message.
UNSAID = ("api_key",)


def give_variables(command: click.Command) -> None:
    """Lets each option of `command` be read from the environment, by any of its names."""
    shared = any(param.name == "config" for param in command.params)
    prefix = PREFIX if shared else f"{PREFIX}{(command.name or '').upper()}_"
    for option in command.params:
        if isinstance(option, click.Option) and option.expose_value and (shared or not option.hidden):
            own = [prefix + flag[2:].replace("-", "_").upper() for flag in option.opts if flag[:2] == "--"]
            option.envvar = list(dict.fromkeys([*own, *variables(option)]))


def variables(option: click.Parameter) -> Sequence[str]:
    """The variables that an option is read from; the first that is set counts."""
    return [option.envvar] if isinstance(option.envvar, str) else option.envvar or []


def variable_in_use(ctx: click.Context, option: click.Parameter) -> str | None:
    """The variable that the option's value came from; None when it came from elsewhere."""
    if ctx.get_parameter_source(str(option.name)) is not click.core.ParameterSource.ENVIRONMENT:
        return None
    return next((name for name in variables(option) if os.environ.get(name)), None)


def said(ctx: click.Context) -> list[str]:
    """The variables that counted, by name."""
    found = (variable_in_use(ctx, option) for option in ctx.command.params if option.name not in UNSAID)
    return [name for name in found if name]
