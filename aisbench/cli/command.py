"""What the commands have in common: how flags are read, and how their help is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

import aisbench
from aisbench.cli.foreign_flags import advice

HELP = ("-h", "--help")
SETTINGS = {"help_option_names": list(HELP), "max_content_width": 110}


def names_of(group: Sequence[Any]) -> set[str]:
    """The parameters' names that the decorators of `group` make."""

    def bearer() -> None:
        pass

    for decorate in group:
        decorate(bearer)
    return {parameter.name for parameter in bearer.__click_params__}  # type: ignore[attr-defined]


class Command(click.Command):
    """A command of aisbench.

    Some flags take all the values that follow, as argparse's nargs='+' does, and may be given several times:
    the values add up. Options that are not known are named all at once. `sections`: titles of the help's parts,
    and the options (as `options.option` makes them) in each; others come last.
    """

    many = (
        "--goodput",
        "--metadata",
        "--percentiles",
        "--percentile-metrics",
        "--lora-modules",
        "--local-address",
    )

    # Each of several values behind one of these is as good as the flag again.
    again = ("--header",)

    def __init__(self, *args: Any, sections: Sequence[tuple[str, Sequence[Any]]] = (), **how: Any) -> None:
        how.setdefault("context_settings", {})
        how["context_settings"] = {**SETTINGS, **how["context_settings"]}
        super().__init__(*args, **how)
        self.sections = [(title, names_of(group)) for title, group in sections]
        click.version_option(aisbench.__version__, prog_name="aisbench", help="Show the version.")(self)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click's, in sections."""
        left = {param.name: param.get_help_record(ctx) for param in self.get_params(ctx)}
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
                if bare:
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
        self.refuse_unknown(joined[:-1])
        return super().parse_args(ctx, joined[:-1])

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
            elif arg.startswith("--") and name not in HELP and name not in unknown:
                unknown.append(name)
        if unknown:
            raise click.UsageError("; ".join(self.hint(name, list(flags)) for name in unknown))

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
