"""Converts options to plain values for JSON and YAML, and back."""

from __future__ import annotations

import json
import math
import typing
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

from aisbench.errors import BadInput

_Kind = TypeVar("_Kind")
INF = "inf"
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}


def plain_value(value: Any) -> Any:
    """Tuples as lists, inf as a string."""
    if isinstance(value, float) and math.isinf(value):
        return INF
    return list(value) if isinstance(value, tuple) else value


def restored(kind: type[_Kind], plain: Mapping[str, Any]) -> _Kind:
    """A dataclass from its plain values. Unknown names are dropped, and missing ones get their defaults.

    null counts as missing if the field cannot be None. Raises BadInput, naming the field, for a value of the wrong type.
    """
    types = _types_of(kind)  # type: ignore[arg-type]
    given = {}
    for known in fields(kind):  # type: ignore[arg-type]
        wanted = types[known.name]
        value = plain.get(known.name)
        if known.name not in plain or (value is None and not _fits(None, wanted)):
            continue
        if value == INF and "float" in str(known.type):
            value = math.inf
        value = tuple(value) if isinstance(value, list) else value
        if not _fits(value, wanted):
            raise BadInput(f"{known.name} must be {_described(wanted)}, got {json.dumps(plain[known.name])}")
        given[known.name] = value
    return kind(**given)


@cache
def _types_of(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields, found once: it takes milliseconds, and a page of many runs restores many."""
    return typing.get_type_hints(kind)


def _fits(value: Any, wanted: Any) -> bool:
    """True if `value` has the annotated type. Numbers pass as strings, because strings are only shown."""
    arguments = typing.get_args(wanted)
    origin = typing.get_origin(wanted)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(one, arguments[0]) for one in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(_fits(one, arguments[1]) for one in value.values())
    if arguments:
        return any(_fits(value, one) for one in arguments)
    if wanted is Any:
        return True
    if wanted is str:
        return isinstance(value, (str, int, float))
    if wanted is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _described(wanted: Any) -> str:
    """The values that a field of the annotated type takes, in words."""
    if typing.get_origin(wanted) is tuple:
        return "a list of strings" if typing.get_args(wanted)[0] is str else "a list of numbers"
    if typing.get_origin(wanted) is Mapping:
        return "an object of numbers" if typing.get_args(wanted)[1] is float else "an object"
    if arguments := typing.get_args(wanted):
        return " or ".join(_described(one) for one in arguments)
    return _WORDS.get(wanted, "null")
