"""Compares function calls with the allowed ones, by the AST match of the Berkeley Function Calling Leaderboard.

Patil et al., "The Berkeley Function Calling Leaderboard" (ICML 2025), and its bfcl_eval/eval_checker/ast_eval. The
match checks the function's name, the types of the arguments, and for each argument a list of allowed values, in which
"" means that the argument may be left out or empty. Strings are compared without case, spaces and the punctuation
`,./-_*^`. Unlike BFCL's, this match checks values inside lists and objects at any depth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LEFT_OUT = ""
_IGNORED = re.compile(r"[ ,./\-_*^]")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "float": (float, int),
    "number": (float, int),
    "boolean": (bool,),
    "array": (list,),
    "tuple": (list,),
    "dict": (dict,),
    "object": (dict,),
}

Call = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Allowed:
    """An expected call: the function's `name`, the `schema` of its parameters (BFCL's or JSON schema), and the right
    `values` of each parameter."""

    name: str
    schema: Mapping[str, Any]
    values: Mapping[str, Sequence[Any]]


def mismatch(calls: Sequence[Call], allowed: Sequence[Allowed]) -> str:
    """Why the calls do not match the allowed ones, one to one in any order; empty if they match."""
    if len(calls) != len(allowed):
        return f"{len(calls)} calls instead of {len(allowed)}"
    left = list(calls)
    for one in allowed:
        reasons = [_difference(call, one) for call in left]
        if "" not in reasons:
            return "; ".join(dict.fromkeys(reasons))
        del left[reasons.index("")]
    return ""


def _difference(call: Call, allowed: Allowed) -> str:
    name, arguments = call
    if name != allowed.name:
        return f"{name} is called instead of {allowed.name}"
    properties = allowed.schema.get("properties", {})
    for parameter in allowed.schema.get("required", ()):
        if parameter not in arguments:
            return f"{name} lacks the required {parameter}"
    for parameter, value in arguments.items():
        if parameter not in properties or parameter not in allowed.values:
            return f"{name} has no {parameter}"
        if reason := _unlike(value, allowed.values[parameter], properties[parameter]):
            return f"{name}: {parameter} {reason}"
    for parameter, values in allowed.values.items():
        if parameter not in arguments and _LEFT_OUT not in values:
            return f"{name} lacks {parameter}"
    return ""


def _unlike(value: Any, values: Sequence[Any], schema: Mapping[str, Any]) -> str:
    """Why a value is not allowed; empty if it is."""
    expected = str(schema.get("type", "any"))
    known = [one for one in values if one != _LEFT_OUT]
    if not _is_of(value, expected) and not _is_like(value, known):
        return f"is {type(value).__name__}, not {expected}: {value!r}"
    if _LEFT_OUT in values and value in (_LEFT_OUT, []):
        return ""
    if isinstance(value, list) and known and not any(_items_fit(value, one, schema) for one in known):
        return f"has items that are not {schema['items']['type']}: {value!r}"
    # If the question names a variable or null, the allowed value is that name, which must match exactly.
    exact = bool(known) and not _is_of(known[0], expected)
    if value in known if exact else any(_equal(value, one) for one in known):
        return ""
    return f"is {value!r}, not one of {list(values)!r}"


def _is_of(value: Any, expected: str) -> bool:
    types = _TYPES.get(expected)
    if types is None:
        return True
    # In Python a boolean is an int; in a schema it is not.
    return isinstance(value, types) and (isinstance(value, bool) == (types == (bool,)))


def _is_like(value: Any, known: Sequence[Any]) -> bool:
    return bool(known) and type(value) is type(known[0])


def _items_fit(value: Sequence[Any], known: Any, schema: Mapping[str, Any]) -> bool:
    """As in BFCL's check, an integer in a list does not count as a float unless the known items are integers."""
    expected = schema.get("items", {}).get("type", "any")
    return all(
        (_is_of(item, expected) and not (type(item) is int and expected in ("float", "number")))
        or (isinstance(known, list) and _is_like(item, known))
        for item in value
    )


def _equal(value: Any, known: Any) -> bool:
    """Whether a value equals an allowed one. In an object, each key has a list of allowed values, like a parameter."""
    if isinstance(value, str) and isinstance(known, str):
        return _plain(value) == _plain(known)
    if isinstance(value, list) and isinstance(known, list):
        return len(value) == len(known) and all(map(_equal, value, known))
    if isinstance(value, dict) and isinstance(known, dict):
        return all(key in known and _in(value[key], known[key]) for key in value) and all(
            key in value or (isinstance(ones, list) and _LEFT_OUT in ones) for key, ones in known.items()
        )
    return isinstance(value, bool) == isinstance(known, bool) and bool(value == known)


def _in(value: Any, allowed: Any) -> bool:
    return any(_equal(value, one) for one in allowed) if isinstance(allowed, list) else _equal(value, allowed)


def _plain(text: str) -> str:
    return _IGNORED.sub("", text).lower().replace("'", '"')
