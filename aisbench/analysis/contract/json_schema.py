"""Makes the JSON Schema (2020-12) of a block's type."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, is_typeddict

from aisbench.analysis.contract.keys import OneOf, Size, Unit, keys_of, more_keys_of

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN = {float: "number", int: "integer", str: "string", bool: "boolean", type(None): "null"}

Schema = dict[str, Any]


def schema_of(block: type, identity: str) -> Schema:
    """The schema of the TypedDict `block`, with the blocks inside it under `$defs`. `identity`: its $id."""
    definitions: dict[str, Schema] = {}
    whole = _object(block, definitions)
    return {
        "$schema": _DIALECT,
        "$id": identity,
        "title": block.__name__,
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(block: type, definitions: dict[str, Schema]) -> Schema:
    named = keys_of(block)
    found: Schema = {
        "description": words(block.__doc__),
        "type": "object",
        "properties": {key.name: _schema(key.kind, definitions) for key in named},
        "required": [key.name for key in named if key.required],
        "additionalProperties": False,
    }
    for more in more_keys_of(block):
        kind = _schema(more.kind, definitions) | {"description": words(more.meaning)}
        if more.pattern is None:
            found["additionalProperties"] = kind
        else:
            found.setdefault("patternProperties", {})[more.pattern] = kind
    return found


def _schema(kind: Any, definitions: dict[str, Schema]) -> Schema:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        found = _schema(inside[0], definitions)
        for said in inside[1:]:
            found |= _said(said)
        return found
    if origin in (Union, types.UnionType):
        return _union([_schema(part, definitions) for part in inside])
    if origin is Literal:
        return {"const": inside[0]} if len(inside) == 1 else {"enum": list(inside)}
    if origin is list:
        return {"type": "array", "items": _schema(inside[0], definitions)}
    if origin is dict:
        return _mapping(inside[0], inside[1], definitions)
    if is_typeddict(kind):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    return {} if kind is Any else {"type": _PLAIN[kind]}


def _said(said: object) -> Schema:
    """The schema of one annotation. Raises TypeError for an unknown kind."""
    if isinstance(said, str):
        return {"description": words(said)}
    if isinstance(said, Unit):
        bounds = {"unit": said.name or None, "minimum": said.least, "maximum": said.most}
        return {name: value for name, value in bounds.items() if value is not None}
    if isinstance(said, Size):
        return {"minItems": said.count, "maxItems": said.count}
    raise TypeError(f"an annotation of a key must be a string, a Unit or a Size, got {said!r}")


def _union(parts: list[Schema]) -> Schema:
    """`X | None` with a plain X becomes one schema with two types, as bounds and units apply only to numbers."""
    if len(parts) == 2 and parts[1] == {"type": "null"} and isinstance(parts[0].get("type"), str):
        return {**parts[0], "type": [parts[0]["type"], "null"]}
    return {"anyOf": parts}


def _mapping(key: Any, value: Any, definitions: dict[str, Schema]) -> Schema:
    found: Schema = {"type": "object"}
    if get_origin(key) is Annotated:
        found["propertyNames"] = {"enum": [name for one in key.__metadata__ for name in _names(one)]}
    values = _schema(value, definitions)
    return {**found, "additionalProperties": values} if values else found


def _names(one: object) -> tuple[str, ...]:
    assert isinstance(one, OneOf)
    return one.names


def words(text: str | None) -> str:
    """A docstring in one line."""
    return " ".join((text or "").split())
