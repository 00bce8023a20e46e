"""Turns the axes of a grid into points, by the command's own options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from aisbench.cli.options.types import Line
from aisbench.config.foreign.foreign_flags import advice
from aisbench.config.foreign.vllm_meaning import run_config
from aisbench.config.run_config import SECRET_FIELDS, RunConfig
from aisbench.errors import BadInput
from aisbench.saying import say
from aisbench.studies.sweep.grid import Axis, parse_grid
from aisbench.studies.sweep.points import Point, check_distinct, combinations, without_secrets
from aisbench.workload.seeds import AUTO, seed_for

# Not an axis: secrets, which would name the points. URLs name them without their secrets.
_SECRET = ("api_key", "extra_headers", *(name for name in SECRET_FIELDS if name != "url"))


def points_of(
    ctx: click.Context, grid: Sequence[str], options: Mapping[str, Any], own: Sequence[str]
) -> list[Point]:
    """The points of `grid` with the other `options` of the command. `own`: the sweep's own, which are no axes.

    Raises BadInput, naming the axis, for a value that its option refuses.
    """
    axes = parse_grid(grid)
    taken = {axis.name: _option_of(ctx, axis.name, own) for axis in axes}
    _check_names(ctx, taken)
    # Points are named by their options, whatever spelling was given.
    plain = [Axis(_plain(taken[axis.name]), axis.values) for axis in axes]
    options_of = {_plain(option): option for option in taken.values()}
    values = {
        axis.name: {text: _converted(ctx, axis.name, options_of[axis.name], text) for text in axis.values}
        for axis in plain
    }
    drawn = seed_for(makes_prompts=True, compat=None)
    said: set[str] = set()

    def say_once(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line, err=True)

    points = []
    for texts in combinations(plain):
        given = {str(options_of[name].name): values[name][text] for name, text in texts.items()}
        try:
            config = _config({**options, **given}, drawn, say_once)
        except BadInput as problem:
            raise BadInput(_explained(str(problem), texts, options_of)) from None
        points.append(Point(without_secrets(texts), config))
    check_distinct(points)
    return points


def _config(options: dict[str, Any], drawn: int, say_once: Any) -> RunConfig:
    """The checked configuration. Where the seed is drawn, it is the same for all points."""
    made = run_config(options, say_once)
    config = made.expanded()
    if made.seed == AUTO and config.seed:
        config = replace(config, seed=drawn)
    config.check()
    # These import numpy, which would slow down --help.
    from aisbench.backends.registry import backend_named
    from aisbench.engine.asked import check_goodput
    from aisbench.engine.plan import workload_options
    from aisbench.workload.datasets.registry import check_taken

    wanted = workload_options(config, model="")
    wanted.check()
    check_taken(wanted)
    check_goodput(config, backend_named(config.backend, config.template))
    return config


def _option_of(ctx: click.Context, name: str, own: Sequence[str]) -> click.Option:
    """The option that an axis varies, by any of its flags' names."""
    flag = "--" + name.lstrip("-").replace("_", "-")
    options = [one for one in ctx.command.params if isinstance(one, click.Option) and one.expose_value]
    for option in options:
        if flag in option.opts or option.name == name:
            if option.name in (*own, "work_dir", *_SECRET):
                why = "it may hold a secret" if option.name in _SECRET else "it is the same for all runs"
                raise BadInput(
                    f"--grid: {name} cannot be an axis, because {why}; give {option.opts[0]} beside --grid"
                )
            return option
    known = [one for option in options if option.name not in own for one in option.opts]
    # Advice is about flags; axes have their names with underscores.
    near = advice(flag, known).replace("--", "").replace("-", "_")
    hint = near or "give the name of an option, as in input_len or concurrency"
    raise BadInput(f"--grid: unknown axis {name}; {hint}")


def _check_names(ctx: click.Context, taken: Mapping[str, click.Option]) -> None:
    """Raises BadInput for two axes of one option, and for an axis that is also given as an option."""
    seen: dict[str, str] = {}
    for name, option in taken.items():
        first = seen.setdefault(str(option.name), name)
        if first != name:
            raise BadInput(f"--grid: {first} and {name} are the same option; give one axis with all values")
        if ctx.get_parameter_source(str(option.name)) is click.core.ParameterSource.COMMANDLINE:
            raise BadInput(
                f"--grid {name} varies {option.opts[0]}, which is also given; leave one of them out"
            )


def _plain(option: click.Option) -> str:
    """The name of an option as an axis: its first flag with underscores."""
    return option.opts[0].lstrip("-").replace("-", "_")


def _converted(ctx: click.Context, name: str, option: click.Option, text: str) -> Any:
    """The value that the option makes of `text`."""
    given: Any = text
    if option.multiple:
        # Several values of one point, as in url='http://a http://b'.
        given = (text,) if isinstance(option.type, Line) else tuple(text.split())
    try:
        return option.type_cast_value(ctx, given)
    except click.BadParameter as problem:
        raise BadInput(f"--grid {name}={text}: {problem.message}") from None


def _explained(problem: str, texts: Mapping[str, str], options: Mapping[str, click.Option]) -> str:
    """`problem` with the axes that it is about, or with the whole point."""
    about = [
        f"{name}={text}"
        for name, text in texts.items()
        if any(re.search(rf"{re.escape(flag)}(?![\w-])", problem) for flag in options[name].opts)
    ]
    return f"--grid {' '.join(about or (f'{name}={text}' for name, text in texts.items()))}: {problem}"
