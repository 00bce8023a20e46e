"""Makes the command line's options from their declarations."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

import click

from aisbench.cli.options.types import Choice, Duration, JsonObject, Line, Listed, Pairs, ParamType, Seed
from aisbench.options.option import JSON, LINES, SEED, SPAN, Declared, ListOf, PairsOf, parameter_name

_NAMED: dict[Any, Callable[[], ParamType]] = {
    SPAN: Duration,
    JSON: JsonObject,
    SEED: Seed,
    LINES: Line,
}
_PLAIN = {"int": int, "float": float, "str": str}


def _click_type(one: Declared) -> Any:
    """The click type that reads the option's text; None for flags."""
    kind, words = one.option.kind, one.option.words
    if words:
        return Choice(words if isinstance(words, tuple) else one.option.known_words, open=one.option.open)
    if isinstance(kind, ListOf):
        return Listed(kind)
    if isinstance(kind, PairsOf):
        return Pairs(kind)
    return _NAMED[kind]() if kind is not None else _PLAIN.get(one.base)


def _how(one: Declared) -> dict[str, Any]:
    """The arguments of click.option that follow from the type."""
    if one.option.repeated:
        return {"multiple": True, "type": _click_type(one)}
    if one.base == "bool":
        return {} if "/" in one.option.flags[0] else {"is_flag": True}
    return {"type": _click_type(one)}


def _click_option(one: Declared) -> Any:
    """The decorator that gives a command the option."""
    entry = one.option
    if entry.only_with:
        return _scoped_option(one, entry.flag, entry.only_with)
    default = one.default if entry.shown_default is None else entry.shown_default
    given = {} if entry.repeated else {"default": default, "show_default": default not in (None, (), {})}
    decorate = click.option(
        *entry.flags,
        one.name,
        metavar=entry.metavar,
        help=entry.help,
        hidden=entry.hidden,
        envvar=entry.variable,
        **given,
        **_how(one),
    )
    decorate.field = one.name  # type: ignore[attr-defined]
    return decorate


def _scoped_option(one: Declared, flag: str, datasets: tuple[str, ...]) -> Any:
    """The decorator for a flag that sets the option with these data sets only. Its default is None."""
    decorate = click.option(
        flag, parameter_name(flag), hidden=True, help=f"Only for {', '.join(datasets)}.", **_how(one)
    )
    decorate.field = one.name  # type: ignore[attr-defined]
    return decorate


def click_options(declarations: Iterable[Declared]) -> tuple[Any, ...]:
    """The decorators of each option, and of the flags that set it with some data sets only."""
    return tuple(
        decorate
        for one in declarations
        for decorate in (
            _click_option(one),
            *(_scoped_option(one, flag, datasets) for flag, datasets in one.option.scoped.items()),
        )
    )


def chosen(names: Container[str], group: tuple[Any, ...]) -> tuple[Any, ...]:
    """The options of `group` whose fields are in `names`, in the order of `group`."""
    return tuple(one for one in group if one.field in names)


def all_of(*groups: tuple[Any, ...]) -> Callable[[Any], Any]:
    """A decorator that gives a command all these options, in this order in its help."""

    def decorate(command: Any) -> Any:
        for decorator in reversed([one for group in groups for one in group]):
            command = decorator(command)
        return command

    return decorate
