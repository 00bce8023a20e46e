"""Checks of an option's value. A check is called with the flag and the value, and raises BadInput with one sentence."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aisbench.errors import BadInput

Check = Callable[[str, Any], None]


@dataclass(frozen=True)
class MustBe:
    """Refuses what does not fit: `--rate must be a number above 0 or inf, got -1`."""

    wanted: str
    fits: Callable[[Any], bool]

    def __call__(self, flag: str, value: Any) -> None:
        if not self.fits(value):
            raise BadInput(f"{flag} must be {self.wanted}, got {shown(value)}")


def above(least: float, unit: str = "", *, infinite: bool = False) -> MustBe:
    """A finite number (or inf, where `infinite`) above `least`."""
    wanted = f"more than {least:g} {unit}" if unit else f"a number above {least:g}"
    return MustBe(
        f"{wanted} or inf" if infinite else wanted,
        lambda value: value > least and (infinite or value < math.inf),
    )


def at_least(least: float, unit: str = "", *, most: float | None = None) -> MustBe:
    """A finite number from `least`. The message does not mention `most`, a bound far above any useful value."""
    wanted = f"at least {least:g} {unit}" if unit else f"a number of at least {least:g}"
    return MustBe(wanted, lambda value: least <= value < math.inf and (most is None or value <= most))


def between(least: float, most: float) -> MustBe:
    return MustBe(f"a number from {least:g} to {most:g}", lambda value: least <= value <= most)


def whole(least: int, most: int | None = None) -> MustBe:
    """An integer from `least` to `most`."""
    return MustBe(
        f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}",
        lambda value: is_whole(value) and value >= least and (most is None or value <= most),
    )


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def every(check: MustBe, wanted: str) -> MustBe:
    """Every one of several values must pass `check`."""
    return MustBe(wanted, lambda values: all(check.fits(value) for value in values))


def one_of(flag: str, value: str | None, known: Sequence[str]) -> None:
    """Raises BadInput unless `value` is None or one of `known`."""
    if value is not None and value not in known:
        raise BadInput(f"{flag}: {unknown(value, known)}")


def unknown(value: str, known: Sequence[str]) -> str:
    """The message for a word that is not in `known`."""
    near = difflib.get_close_matches(value, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"unknown {value!r}; {hint}known: {', '.join(known)}"


def shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ",".join(map(shown, value))
    return repr(value) if isinstance(value, str) else str(value)
