"""Declares an option as a field of a dataclass, with flags, type, check and help in one entry."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from aisbench.errors import BadInput
from aisbench.masking.fields import MASK, masked_names
from aisbench.options.checks import Check, one_of

# The key of an entry in a field's metadata.
_ENTRY = "option"


class Kind:
    """How the text of an option is read, where that does not follow from the field's type."""


@dataclass(frozen=True)
class _Named(Kind):
    name: str


@dataclass(frozen=True)
class ListOf(Kind):
    """Values of `kind` after one flag, separated by commas or blanks. `many`: also as separate arguments."""

    kind: type
    many: bool = False


@dataclass(frozen=True)
class PairsOf(Kind):
    """NAME{mark}VALUE pairs after one flag. `numbers`: the values are numbers above 0. `known`: the allowed names, or
    empty to allow any."""

    mark: str
    example: str
    numbers: bool = False
    known: tuple[str, ...] = ()


# Seconds, or a span with its unit; a JSON object; a whole number or auto; texts that may hold blanks.
SPAN, JSON, SEED, LINES = _Named("span"), _Named("json"), _Named("seed"), _Named("lines")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of the command line. Its type and default are those of the field.

    `flags`: messages use the first; a switch has both forms, as in `--stream/--no-stream`.
    `words`: the allowed values, or `module:attribute` of a mapping whose keys they are, which is imported on first use.
    `open`: other words are accepted too, and checked later.
    `vllm`: the flags of `vllm bench serve` that set the option. `scoped`: further flags, each with the data sets that it
    works with. `only_with`: the data sets that the option itself works with, or empty for all.
    `variable`: a further environment variable that sets it. `shown_default`: the command line's default, if it differs
    from the field's. `repeated`: each value needs the flag again. `secret`: masked wherever it is written down.
    """

    section: str
    flags: tuple[str, ...]
    help: str
    metavar: str | None = None
    kind: Kind | None = None
    words: tuple[str, ...] | str = ()
    open: bool = False
    check: Check | None = None
    vllm: tuple[str, ...] = ()
    scoped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only_with: tuple[str, ...] = ()
    variable: str | None = None
    shown_default: Any = None
    repeated: bool = False
    secret: bool = False
    hidden: bool = False

    @property
    def flag(self) -> str:
        return self.flags[0].partition("/")[0]

    def known_words(self) -> list[str]:
        if isinstance(self.words, tuple):
            return list(self.words)
        module, _, attribute = self.words.partition(":")
        return sorted(getattr(importlib.import_module(module), attribute))

    def check_value(self, value: Any) -> None:
        """Raises BadInput for an invalid value; None is always valid."""
        if value is None:
            return
        if self.words and not self.open:
            one_of(self.flag, value, self.known_words())
        if self.check is not None:
            self.check(self.flag, value)
        if self.secret and any(MASK in text for text in ((value,) if isinstance(value, str) else value)):
            raise BadInput(
                f"{self.flag} contains {MASK}, which replaces secrets in a run's files; "
                "give the full value on the command line"
            )
        if self.kind is JSON and (names := masked_names(value)):
            raise BadInput(
                f"{self.flag} contains {MASK} in {', '.join(names)}, which replaces secrets in a run's files; "
                "give the full value on the command line"
            )


def option(*flags: str, default: Any = None, vllm: str = "", **entry: Any) -> Any:
    """A dataclass field that declares an option (see Option). `vllm`: one flag, or several separated by blanks.

    Dataclasses that are only inherited from turn off generated methods (init=False, ...), which would slow down --help.
    """
    found = Option(flags=flags, vllm=tuple(vllm.split()), **entry)
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={_ENTRY: found})
    return field(default=default, metadata={_ENTRY: found})


@dataclass(frozen=True)
class Declared:
    """An option with its field: `name`, `type` as it is annotated, and `default`."""

    name: str
    type: str
    default: Any
    option: Option

    @property
    def base(self) -> str:
        """The type without `| None`: int, float, str, bool, tuple[str, ...] and so on."""
        return self.type.partition(" | ")[0]


def declared(owner: type) -> list[Declared]:
    """The options of a dataclass, in the order of its fields."""
    return [
        Declared(one.name, str(one.type), {} if one.default is MISSING else one.default, one.metadata[_ENTRY])
        for one in fields(owner)
        if _ENTRY in one.metadata
    ]


def parameter_name(flag: str) -> str:
    """The name of the parameter that a flag sets, unless a field gives it another."""
    return flag.lstrip("-").replace("-", "_")


def check_values(given: Any) -> None:
    """Raises BadInput for the first option of a dataclass whose value is invalid."""
    for one in declared(type(given)):
        one.option.check_value(getattr(given, one.name))
