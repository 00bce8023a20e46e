"""Reads the axes of a grid: `input_len=512,2048 concurrency=1..256x2`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from aisbench.errors import BadInput

EXAMPLE = "--grid 'input_len=512,2048 concurrency=1..256x2'"
# More runs than anyone waits for: the sign of a slip such as 1..100000+1.
MOST_POINTS = 10_000
_QUOTES = "'\""
_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)"
_RANGE = re.compile(rf"(?P<first>{_NUMBER})\.\.(?P<last>{_NUMBER})(?:(?P<how>[x+])(?P<step>{_NUMBER}))?$")


@dataclass(frozen=True)
class Axis:
    """`name` as it was given; `values`: the texts of an option's values."""

    name: str
    values: tuple[str, ...]


def parse_grid(texts: Sequence[str]) -> tuple[Axis, ...]:
    """The axes in `texts`, in their order. Raises BadInput for anything else, and for a value that comes twice."""
    axes = [_axis(word) for text in texts for word in _words(text)]
    if not axes:
        raise BadInput(f"--grid is empty; give axes as in {EXAMPLE}")
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MOST_POINTS:
        raise BadInput(f"--grid has {count:,} points, more than {MOST_POINTS:,}; give fewer values")
    return tuple(axes)


def _axis(word: str) -> Axis:
    name, mark, rest = word.partition("=")
    if not mark or not name or name[0] in _QUOTES:
        raise BadInput(f"--grid: {word!r} is not NAME=VALUES; give axes as in {EXAMPLE}")
    values = [value for part in _parts(name, rest) for value in _values(name, part)]
    for value in values:
        if values.count(value) > 1:
            raise BadInput(
                f"--grid {name} names {value} twice; give each value once, and --runs for repetitions"
            )
    return Axis(name, tuple(values))


def _words(text: str) -> Iterator[str]:
    """The parts of `text` between blanks, where blanks inside quotes do not count. Quotes are kept."""
    yield from _split(text, lambda letter: letter.isspace(), keep_empty=False)


def _parts(name: str, text: str) -> list[str]:
    """The parts of an axis' values between commas, with their quotes."""
    parts = _split(text, lambda letter: letter == ",", keep_empty=True)
    if any(not part for part in parts):
        raise BadInput(
            f"--grid {name} has an empty value in {text!r}; give values separated by commas, such as {name}=1,2, "
            "and '' for an empty text"
        )
    return parts


def _split(text: str, ends: Callable[[str], bool], *, keep_empty: bool) -> list[str]:
    """The parts of `text` between the letters that `ends` is true for, apart from those inside quotes."""
    parts, part, quote = list[str](), "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        # A quote opens only at the beginning of a value, so that JSON inside other quotes is left alone.
        elif letter in _QUOTES and (not part or part[-1] in "=,"):
            quote = letter
        elif ends(letter):
            parts.append(part)
            part = ""
            continue
        part += letter
    if quote:
        raise BadInput(f"--grid: the quote {quote} in {text!r} is not closed; close it after the value")
    parts.append(part)
    return [one for one in parts if one or keep_empty]


def _values(name: str, part: str) -> list[str]:
    """The values of one part: a quoted text, a range, or a plain text."""
    if len(part) >= 2 and part[0] in _QUOTES and part[-1] == part[0]:
        return [part[1:-1]]
    found = _RANGE.match(part)
    if found is None:
        if re.match(rf"{_NUMBER}\.\.", part):
            raise _bad_range(name, part, "is not a range")
        return [part]
    first, last = Decimal(found["first"]), Decimal(found["last"])
    if found["how"] is None:
        raise _bad_range(name, part, "has no step")
    step = Decimal(found["step"])
    if last < first:
        raise _bad_range(name, part, "ends below its beginning")
    if found["how"] == "x" and (first <= 0 or step <= 1):
        raise _bad_range(name, part, "needs a beginning above 0 and a factor above 1")
    if found["how"] == "+" and step <= 0:
        raise _bad_range(name, part, "needs a step above 0")
    values = []
    while first <= last:
        values.append(f"{first.normalize():f}")
        first = first * step if found["how"] == "x" else first + step
        if len(values) > MOST_POINTS:
            raise BadInput(f"--grid {name}={part} has more than {MOST_POINTS:,} values; give a larger step")
    return values


def _bad_range(name: str, part: str, wrong: str) -> BadInput:
    return BadInput(
        f"--grid {name}: {part} {wrong}; give 1..256x2 for doubling, 1..10+3 for steps of 3, or quote a text"
    )
