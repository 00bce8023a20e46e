"""Reads the values of options as people write them. A ValueError says in one sentence what is wrong and what would work."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from aisbench import durations
from aisbench.options.checks import unknown
from aisbench.options.option import ListOf, PairsOf

_JSON_EXAMPLE = "'{\"top_k\": 1}'"


def span_s(value: Any) -> float:
    """The length in seconds of a span of time."""
    try:
        return durations.seconds(str(value))
    except ValueError:
        raise ValueError(
            f"{value!r} is not a span of time; give seconds, or a span such as 30s, 5m, 1h30m or 500ms"
        ) from None


def json_object(value: Any) -> dict[str, Any]:
    """A JSON object, or a config file's mapping."""
    if isinstance(value, Mapping):
        return dict(value)
    try:
        parsed = json.loads(value)
    except ValueError as problem:
        # The text is not shown: bodies and headers may hold keys.
        raise ValueError(f"not JSON ({problem}); give an object such as {_JSON_EXAMPLE}") from None
    except RecursionError:
        raise ValueError(f"JSON nested too deeply; give an object such as {_JSON_EXAMPLE}") from None
    if not isinstance(parsed, dict):
        raise ValueError(f"not a JSON object; give one such as {_JSON_EXAMPLE}")
    return parsed


def listed(value: Any, kind: ListOf) -> tuple[Any, ...]:
    """Values separated by commas or blanks, or a config file's list."""
    parts = value if isinstance(value, (list, tuple)) else str(value).replace(",", " ").split()
    try:
        return tuple(kind.kind(part) for part in parts)
    except ValueError:
        raise ValueError(f"{value!r}: give {kind.kind.__name__} values separated by commas") from None


def pairs(value: Any, kind: PairsOf) -> dict[str, Any]:
    """NAME{mark}VALUE pairs separated by commas or blanks, or a config file's mapping or list."""
    found: dict[str, Any] = {}
    for name, text in _split(value, kind):
        if kind.known and name not in kind.known:
            raise ValueError(unknown(name, kind.known))
        found[name] = _positive(text, kind) if kind.numbers else text
    return found


def _split(value: Any, kind: PairsOf) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield from ((str(name), str(text)) for name, text in value.items())
        return
    whole = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    for part in whole.replace(",", " ").split():
        name, mark, text = part.partition(kind.mark)
        if not name or not text:
            raise ValueError(f"{part!r} is not NAME{mark or kind.mark}VALUE; give for example {kind.example}")
        yield name, text


def _positive(text: str, kind: PairsOf) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"{text!r} is not a number above 0; give for example {kind.example}")
    return number


def host_port(value: Any) -> tuple[str, int]:
    """`[HOST:]PORT`, an address to listen on. Without HOST, only this host can reach it."""
    if isinstance(value, tuple):
        return value
    host, _, port = str(value).rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(
            f"{value!r} is not a port; give a number from 0 to 65535, or HOST:PORT such as 0.0.0.0:9100"
        )
    return host.strip("[]") or "127.0.0.1", int(port)
