"""Whether two runs sent the same requests: by fingerprint if both have one, else by what can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aisbench.studies.comparison.result import ToolResult

SAME, DIFFERENT, UNKNOWN = "the same", "different", "not known"


@dataclass(frozen=True)
class Fact:
    """One property of both runs, as text. `equal` is None if one of the results does not contain it."""

    name: str
    first: str
    second: str
    equal: bool | None


@dataclass(frozen=True)
class Inputs:
    """`status`: SAME only if the bodies' fingerprints are equal; DIFFERENT if any fact differs. `words` says why."""

    status: str
    words: str
    facts: tuple[Fact, ...]


def compare_inputs(first: ToolResult, second: ToolResult) -> Inputs:
    facts = tuple(_facts_of(first, second))
    told = {fact.name: fact.equal for fact in facts}
    if told.get("bodies") is not None:
        if told["bodies"]:
            return Inputs(SAME, "the same request bodies, byte for byte, in the same order", facts)
        return Inputs(DIFFERENT, "the fingerprints of the bodies differ", facts)
    unequal = [fact.name for fact in facts if fact.equal is False]
    if unequal:
        return Inputs(DIFFERENT, f"these differ: {', '.join(unequal)}", facts)
    equal = [fact.name for fact in facts if fact.equal]
    agreeing = f"what can be compared agrees: {', '.join(equal)}" if equal else "nothing can be compared"
    return Inputs(UNKNOWN, f"not known to be the same; {agreeing}", facts)


def _facts_of(first: ToolResult, second: ToolResult) -> Iterator[Fact]:
    for name in ("bodies", "arrivals"):
        one, other = first.fingerprint.get(name), second.fingerprint.get(name)
        if one or other:
            yield Fact(name, _short(one), _short(other), one == other if one and other else None)
    for name, attribute in (("model", "model"), ("API", "api"), ("requests", "num_requests")):
        yield _fact(name, getattr(first.setup, attribute), getattr(second.setup, attribute))
    for name, key in (("input tokens", "total_input_tokens"), ("output tokens", "total_output_tokens")):
        yield _fact(name, whole(first.figures.get(key)), whole(second.figures.get(key)))
    one, other = first.input_lens, second.input_lens
    if one is not None and other is not None:
        yield Fact(
            "input lengths",
            _spread_of(one),
            _spread_of(other),
            bool(np.array_equal(np.sort(one), np.sort(other))),
        )


def _fact(name: str, one: object, other: object) -> Fact:
    return Fact(name, text(one), text(other), None if one is None or other is None else one == other)


def text(value: object) -> str:
    return "not given" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _short(digest: object) -> str:
    return "none" if not digest else str(digest)[:16]


def whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _spread_of(lengths: np.ndarray) -> str:
    """The smallest and the largest of `lengths` (requests,)."""
    return f"{lengths.min():,} to {lengths.max():,}" if len(lengths) else "none"
