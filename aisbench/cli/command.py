"""The base classes of all commands, which read the flags and lay out the help."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import click

import aisbench
from aisbench.cli.options.arguments import HELP, flags_of, joined, unknown, with_hyphens
from aisbench.cli.options.environment import give_variables, misspelt, said, variable_in_use

SETTINGS = {"help_option_names": list(HELP), "max_content_width": 110}


def _names_of(group: Sequence[Any]) -> set[str]:
    """The names of the parameters in `group`, which holds names or click's decorators."""

    def bearer() -> None:
        pass

    for decorate in group:
        if not isinstance(decorate, str):
            decorate(bearer)
    made = {parameter.name for parameter in getattr(bearer, "__click_params__", ())}
    return made | {name for name in group if isinstance(name, str)}


def _with_version(command: click.Command) -> None:
    click.version_option(aisbench.__version__, prog_name="aisbench", help="Show the version.")(command)


class Command(click.Command):
    """A command of aisbench whose options can also be set in the environment.

    `sections`: the titles of the help's sections, each with its options (as decorators or names). Other options come
    last.
    """

    def __init__(self, *args: Any, sections: Sequence[tuple[str, Sequence[Any]]] = (), **how: Any) -> None:
        how.setdefault("context_settings", {})
        how["context_settings"] = {**SETTINGS, **how["context_settings"]}
        super().__init__(*args, **how)
        self.sections = [(title, _names_of(group)) for title, group in sections]
        give_variables(self)
        _with_version(self)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options as click does, but in sections."""
        # Arguments are already in the usage line and in the text below it.
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        left = {param.name: param.get_help_record(ctx) for param in options}
        parts = [
            (title, [left.pop(name) for name in list(left) if name in names])
            for title, names in self.sections
        ]
        for title, records in [*parts, ("Options" if not parts else "Others", list(left.values()))]:
            shown = [record for record in records if record is not None]
            if shown:
                with formatter.section(title):
                    formatter.write_dl(shown)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        flags = flags_of(self)
        hyphened = [with_hyphens(arg, flags) for arg in args]
        ready, lacking = joined(hyphened, flags_of(self, "many"), flags_of(self, "again"))
        # Shell completion passes an unfinished line, which cannot be checked yet.
        if ctx.resilient_parsing:
            return super().parse_args(ctx, ready)
        if lacking is not None:
            raise click.BadOptionUsage(lacking, f"Option '{lacking}' requires an argument.", ctx)
        if wrong := unknown(ready, flags):
            raise click.UsageError("; ".join(wrong))
        try:
            rest = super().parse_args(ctx, ready)
        except click.BadParameter as problem:
            if problem.param is not None:
                problem.param_hint = variable_in_use(ctx, problem.param) or problem.param_hint
            raise
        # The user may have forgotten about them.
        if names := said(ctx):
            click.echo(f"from the environment: {', '.join(names)}", err=True)
        if names := misspelt(self):
            click.echo(f"ignored variables that match no option: {', '.join(names)}", err=True)
        return rest


class Group(click.Group):
    """A group that suggests the nearest command for an unknown one, and says where options go."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        _with_version(self)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise click.UsageError(f"unknown command {name}; {hint}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as problem:
            example = f"{ctx.command_path} {self.list_commands(ctx)[0]} {problem.option_name}"
            raise click.UsageError(
                f"unknown option {problem.option_name}; options go after the command, as in {example}"
            ) from None
