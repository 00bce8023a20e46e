"""Options as JSON and YAML can hold them, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

_Kind = TypeVar("_Kind")
INF = "inf"


def plain_value(value: Any) -> Any:
    """Tuples as lists, inf as a string."""
    if isinstance(value, float) and math.isinf(value):
        return INF
    return list(value) if isinstance(value, tuple) else value


def restored(kind: type[_Kind], plain: Mapping[str, Any]) -> _Kind:
    """A dataclass from what JSON made of it. Names that it does not have are left out, missing ones have its defaults."""
    given = {}
    for known in fields(kind):  # type: ignore[arg-type]
        if known.name in plain:
            value = plain[known.name]
            if value == INF and "float" in str(known.type):
                value = math.inf
            given[known.name] = tuple(value) if isinstance(value, list) else value
    return kind(**given)
