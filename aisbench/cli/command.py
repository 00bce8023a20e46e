"""What the commands have in common: how flags are read, and how their help is laid out."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import click

import aisbench
from aisbench.cli.options.environment import give_variables, misspelt, said, variable_in_use
from aisbench.cli.options.foreign_flags import advice

HELP = ("-h", "--help")
SETTINGS = {"help_option_names": list(HELP), "max_content_width": 110}


def names_of(group: Sequence[Any]) -> set[str]:
    """The parameters' names that `group` holds, or that the decorators in it make."""

    def bearer() -> None:
        pass

    for decorate in group:
        if not isinstance(decorate, str):
            decorate(bearer)
    made = {parameter.name for parameter in getattr(bearer, "__click_params__", ())}
    return made | {name for name in group if isinstance(name, str)}


def flags_of(command: click.Command, trait: str) -> set[str]:
    """The flags of the options whose type has this trait."""
    return {flag for one in command.params if getattr(one.type, trait, False) for flag in one.opts}


def with_version(command: click.Command) -> None:
    click.version_option(aisbench.__version__, prog_name="aisbench", help="Show the version.")(command)


class Command(click.Command):
    """A command of aisbench.

    Some flags (`many`) take all the values that follow, as argparse's nargs='+' does, and may be given several times:
    the values add up. After others (`again`) each of several values is as good as the flag again. Options that are
    not known are named all at once. `sections`: titles of the help's parts, and the options (as decorators, or their
    names) in each; others come last.
    """

    def __init__(self, *args: Any, sections: Sequence[tuple[str, Sequence[Any]]] = (), **how: Any) -> None:
        how.setdefault("context_settings", {})
        how["context_settings"] = {**SETTINGS, **how["context_settings"]}
        super().__init__(*args, **how)
        self.sections = [(title, names_of(group)) for title, group in sections]
        self.many = flags_of(self, "many")
        self.again = flags_of(self, "again")
        give_variables(self)
        with_version(self)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click's, in sections."""
        # Arguments stand in the usage line, and in the text below it.
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
        joined: list[str] = []
        # Where in `joined` the values of each such flag are.
        values: dict[str, int] = {}
        flag, bare = "", ""
        for arg in [*map(self.with_hyphens, args), "-"]:
            name, equals, value = arg.partition("=")
            if arg.startswith("-"):
                # A shell that completes asks in the middle of a line.
                if bare and not ctx.resilient_parsing:
                    raise click.BadOptionUsage(bare, f"Option '{bare}' requires an argument.", ctx)
                flag = bare = name if name in self.many else ""
            if flag and (equals or not arg.startswith("-")):
                value = value if arg.startswith("-") else arg
                bare = ""
                if flag in values:
                    joined[values[flag]] += f" {value}"
                else:
                    values[flag] = len(joined) + 1
                    joined += [flag, value]
            elif not flag:
                if len(joined) >= 2 and joined[-2] in self.again and not arg.startswith("-"):
                    joined.append(joined[-2])
                joined.append(arg)
        if not ctx.resilient_parsing:
            self.refuse_unknown(joined[:-1])
        try:
            rest = super().parse_args(ctx, joined[:-1])
        except click.BadParameter as problem:
            if problem.param is not None:
                problem.param_hint = variable_in_use(ctx, problem.param) or problem.param_hint
            raise
        if not ctx.resilient_parsing and (names := said(ctx)):
            # Whoever forgot about them would wonder.
            click.echo(f"from the environment: {', '.join(names)}", err=True)
        if not ctx.resilient_parsing and (wrong := misspelt(self)):
            click.echo(f"ignored, as no option has them: {', '.join(wrong)}", err=True)
        return rest

    def refuse_unknown(self, args: list[str]) -> None:
        """Raises UsageError for all the options in `args` that this command does not have."""
        flags = {flag: one for one in self.params for flag in (*one.opts, *one.secondary_opts)}
        unknown: list[str] = []
        takes_next = False
        for arg in args:
            name, equals, _ = arg.partition("=")
            if arg == "--":
                break
            if takes_next:
                takes_next = False
            elif name in flags:
                one = flags[name]
                takes_next = (
                    not equals and isinstance(one, click.Option) and not one.is_flag and not one.count
                )
            elif arg.startswith("-") and arg != "-" and arg not in HELP and not arg[1:2].isdigit():
                # -n5 is -n with a value.
                unknown.append(name if arg.startswith("--") else arg[:2])
        if unknown:
            raise click.UsageError("; ".join(self.hint(name, list(flags)) for name in dict.fromkeys(unknown)))

    def hint(self, name: str, flags: list[str]) -> str:
        why = advice(name, flags)
        return f"unknown option {name}" + (f" ({why})" if why else "")

    def with_hyphens(self, arg: str) -> str:
        """`--max_concurrency` as `--max-concurrency`: vLLM takes both."""
        name, mark, value = arg.partition("=")
        hyphens = name.replace("_", "-")
        flags = {flag for one in self.params for flag in (*one.opts, *one.secondary_opts)}
        known = name.startswith("--") and name not in flags and hyphens in flags
        return hyphens + mark + value if known else arg


class Group(click.Group):
    """A group that suggests the command that was meant, and says where options stand."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        with_version(self)

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
                f"unknown option {problem.option_name}; options stand after the command, as in {example}"
            ) from None
