"""Units and meanings in the types of summary.json's blocks, as in `Annotated[Ms | None, "null if nothing was sent"]`.

A string in `Annotated` is the meaning of the key; the types below carry its unit. Keys whose names are not known in
advance, such as percentiles, are declared with `more_keys`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypeVar, cast, get_origin, get_type_hints

Block = TypeVar("Block", bound=Mapping[str, object])


@dataclass(frozen=True)
class Unit:
    """The unit of a number, and its bounds."""

    name: str
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class OneOf:
    """The names that the keys of a mapping may have."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """How many elements a list has."""

    count: int


Count = Annotated[int, Unit("", 0)]
Requests = Annotated[int, Unit("requests", 0)]
Tokens = Annotated[int, Unit("tokens", 0)]
Bytes = Annotated[int, Unit("bytes", 0)]
Ms = Annotated[float, Unit("ms")]
Seconds = Annotated[float, Unit("s", 0)]
# 0 to 1.
Share = Annotated[float, Unit("share", 0, 1)]
# A share that can exceed 1.
PassableShare = Annotated[float, Unit("share", 0)]
Percent = Annotated[float, Unit("%", 0)]
RequestRate = Annotated[float, Unit("requests/s", 0)]
TokenRate = Annotated[float, Unit("tokens/s", 0)]
MeanInFlight = Annotated[float, Unit("requests", 0)]
# An interval: [low, high].
Between = Annotated[list[Ms], Size(2)]


@dataclass(frozen=True)
class MoreKeys:
    """More keys of a block than its named ones. `kind`: the type of the keys that `pattern` (a regular expression)
    matches, or of all other keys if it is None."""

    pattern: str | None
    kind: Any
    meaning: str


def more_keys(*kinds: MoreKeys) -> Callable[[type[Block]], type[Block]]:
    """A decorator that declares more keys of a block's type. Derived types do not inherit them."""

    def declare(block: type[Block]) -> type[Block]:
        setattr(block, _MORE, kinds)
        return block

    return declare


def with_keys(block: Block, more: Mapping[str, object]) -> Block:
    """`block` followed by `more`: keys that `more_keys` declares for its type."""
    return cast(Block, {**block, **more})


@dataclass(frozen=True)
class Key:
    """A named key of a block. `kind`: its type, in `Annotated` with its unit and meaning."""

    name: str
    kind: Any
    required: bool


def keys_of(block: type) -> list[Key]:
    """The named keys of a TypedDict, in order."""
    found = []
    for name, hint in get_type_hints(block, include_extras=True).items():
        optional = get_origin(hint) is NotRequired
        required = name in block.__required_keys__ and not optional  # type: ignore[attr-defined]
        found.append(Key(name, hint.__args__[0] if optional else hint, required))
    return found


def more_keys_of(block: type) -> tuple[MoreKeys, ...]:
    return getattr(block, _MORE, ())


_MORE = "__more_keys__"
