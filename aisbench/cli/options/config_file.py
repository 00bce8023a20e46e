"""Reads a command's options from a YAML or TOML file (`--config`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from aisbench.cli.options.origins import note
from aisbench.config.foreign.foreign_flags import advice
from aisbench.errors import BadInput
from aisbench.masking.masking import remember_options

# More than any options need.
_MOST_VALUES = 100_000


def _read_config_file(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Makes the file's options the defaults, which flags on the command line override."""
    if value is None:
        return
    names: dict[str, str] = {}
    options: dict[str, click.Option] = {}
    for option in ctx.command.params:
        if isinstance(option, click.Option) and option.expose_value and option.name is not None:
            options[str(option.name)] = option
            for flag in (*option.opts, *option.secondary_opts, str(option.name)):
                names[flag.lstrip("-").replace("-", "_")] = str(option.name)
    defaults: dict[str, Any] = {}
    unknown: list[str] = []
    for key, given in _parsed(value).items():
        name = names.get(str(key).replace("-", "_"))
        if name is None:
            unknown.append(named(str(key), options.values()))
        elif given is not None:
            defaults[name] = _as_given(options[name], given)
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        raise BadInput(f"--config {value}: unknown option{plural} {', '.join(unknown)}")
    remember_options(defaults)
    note(ctx, f"config file {value}", defaults)
    ctx.default_map = {**(ctx.default_map or {}), **defaults}


def _parsed(path: str) -> dict[Any, Any]:
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise BadInput(f"--config {path} cannot be read ({reason}); give a YAML or TOML file") from None
    try:
        if Path(path).suffix == ".toml":
            import tomllib

            options: Any = tomllib.loads(text)
        else:
            import yaml

            options = yaml.safe_load(text) or {}
    except RecursionError:
        raise BadInput(f"--config {path} is nested too deeply; give lines such as 'rate: 50'") from None
    except Exception as problem:
        # A YAML error quotes the line, which may hold a key.
        mark = getattr(problem, "problem_mark", None)
        reason = f"{getattr(problem, 'problem', problem)} in line {mark.line + 1}" if mark else str(problem)
        raise BadInput(f"--config {path} cannot be parsed ({reason}); give YAML or TOML") from None
    if not isinstance(options, dict):
        raise BadInput(f"--config {path} holds no options; give lines such as 'rate: 50'")
    if _values_in(options) > _MOST_VALUES:
        raise BadInput(
            f"--config {path} holds more than {_MOST_VALUES:,} values, counting each use of an alias; "
            "write data sets to a file of their own, and name it with dataset_path"
        )
    return options


def _values_in(options: Any) -> int:
    """The number of values, up to one more than _MOST_VALUES: aliases of aliases make billions of a few lines."""
    count, left = 0, [options]
    while left and count <= _MOST_VALUES:
        value = left.pop()
        count += 1
        if isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, (list, tuple, set)):
            left += value
    return count


def named(key: str, options: Any) -> str:
    """Names a key that is not an option, and what would work."""
    flags = [flag for option in options for flag in (*option.opts, *option.secondary_opts)]
    why = advice(f"--{key.replace('_', '-')}", flags).replace("did you mean --", "did you mean ")
    return f"{key} ({why})" if why else key


def _as_given(option: click.Option, value: Any) -> Any:
    """A config file's `value` as the command line would give it: a list if the option repeats, else a single value."""
    if option.multiple:
        if isinstance(value, Mapping):
            return [f"{name}: {text}" for name, text in value.items()]
        values = value if isinstance(value, (list, tuple)) else [value]
        return [_number_as_given(option, one) for one in values]
    if isinstance(value, (list, tuple)) and len(value) == 1 and not getattr(option.type, "takes_list", False):
        value = value[0]
    return _number_as_given(option, value)


def _number_as_given(option: click.Option, value: Any) -> Any:
    """As text where Python would make another number of it: 1 of 1.5 or true. Then it is refused as on the command line."""
    if option.type.name == "integer" and isinstance(value, float):
        return int(value) if value.is_integer() else str(value)
    if option.type.name in ("integer", "float") and isinstance(value, bool):
        return str(value).lower()
    return value


# Eager: the file is read before the options that it gives defaults to.
CONFIG_OPTIONS = (
    click.option(
        "--config",
        "config",
        callback=_read_config_file,
        is_eager=True,
        expose_value=False,
        metavar="FILE",
        help="YAML or TOML file with any of these options.",
    ),
)
