"""Prepares a command line for click: flags with several values, other spellings of flags, and unknown flags."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import click

from aisbench.config.foreign.foreign_flags import advice

HELP = ("-h", "--help")


def flags_of(command: click.Command, trait: str | None = None) -> dict[str, click.Parameter]:
    """The command's options by flag; with `trait`, only those whose type has that attribute set."""
    return {
        flag: one
        for one in command.params
        for flag in (*one.opts, *one.secondary_opts)
        if trait is None or getattr(one.type, trait, False)
    }


def with_hyphens(arg: str, flags: Collection[str]) -> str:
    """Turns `--max_concurrency` into `--max-concurrency`, because vLLM takes both."""
    name, mark, value = arg.partition("=")
    hyphens = name.replace("_", "-")
    known = name.startswith("--") and name not in flags and hyphens in flags
    return hyphens + mark + value if known else arg


def joined(
    args: Sequence[str], many: Collection[str], again: Collection[str]
) -> tuple[list[str], str | None]:
    """Returns `args` as click takes them, and the first flag of `many` without a value (None if all have one).

    A flag of `many` takes all the values that follow, as with argparse's nargs='+'. If it is given several times, the
    values add up in one argument. A flag of `again` is repeated for each further value that follows it.
    """
    found: list[str] = []
    # The index in `found` of each such flag's values.
    values: dict[str, int] = {}
    flag, bare = "", ""
    lacking = None
    for arg in [*args, "-"]:
        name, equals, value = arg.partition("=")
        if arg.startswith("-"):
            lacking = lacking or bare or None
            flag = bare = name if name in many else ""
        if flag and (equals or not arg.startswith("-")):
            value = value if arg.startswith("-") else arg
            bare = ""
            if flag in values:
                found[values[flag]] += f" {value}"
            else:
                values[flag] = len(found) + 1
                found += [flag, value]
        elif not flag:
            if len(found) >= 2 and found[-2] in again and not arg.startswith("-"):
                found.append(found[-2])
            found.append(arg)
    return found[:-1], lacking


def unknown(args: Sequence[str], flags: dict[str, click.Parameter]) -> list[str]:
    """A message for each option in `args` that is not in `flags`, with what to give instead."""
    found: list[str] = []
    takes_next = False
    for arg in args:
        name, equals, _ = arg.partition("=")
        if arg == "--":
            break
        if takes_next:
            takes_next = False
        elif name in flags:
            one = flags[name]
            takes_next = not equals and isinstance(one, click.Option) and not one.is_flag and not one.count
        elif arg.startswith("-") and arg != "-" and arg not in HELP and not arg[1:2].isdigit():
            # -n5 is -n with a value.
            found.append(name if arg.startswith("--") else arg[:2])
    return [hint(name, list(flags)) for name in dict.fromkeys(found)]


def hint(name: str, flags: list[str]) -> str:
    why = advice(name, flags)
    return f"unknown option {name}" + (f" ({why})" if why else "")
