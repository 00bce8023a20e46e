"""Length laws for --input-dist and --output-dist.

    fixed:N   uniform:A-B   gaussian:mean=M,std=S   zipf:alpha=A,max=N   percentiles:50=100,90=800

All accept min= and max=, in tokens; lengths outside these bounds are moved to the nearer one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.vllm_dataset_options import LONGEST

Lengths = NDArray[np.int64]
_EXAMPLES = {
    "fixed": "fixed:512",
    "uniform": "uniform:100-500",
    "gaussian": "gaussian:mean=500,std=100,min=1,max=2000",
    "zipf": "zipf:alpha=1.2,min=1,max=4096",
    "percentiles": "percentiles:50=100,90=800,99=4000",
}


@dataclass(frozen=True)
class Law(ABC):
    """Lengths from `low` to `high` tokens, both included; `high` None: as far as the law goes."""

    low: int
    high: int | None

    @abstractmethod
    def raw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """`count` random numbers of the law, before rounding and without its bounds."""

    def draw(self, generator: np.random.Generator, count: int) -> Lengths:
        """`count` lengths in tokens: the law's numbers, rounded and moved into the bounds."""
        high = LONGEST if self.high is None else self.high
        return np.clip(np.rint(self.raw(generator, count)), self.low, high).astype(np.int64)


@dataclass(frozen=True)
class _Fixed(Law):
    length: int

    def raw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        return np.full(count, float(self.length))


@dataclass(frozen=True)
class _Uniform(Law):
    """Every whole number from `first` to `last` with the same probability."""

    first: int
    last: int

    def raw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        return generator.integers(self.first, self.last + 1, size=count).astype(np.float64)


@dataclass(frozen=True)
class _Gaussian(Law):
    """Lengths outside the bounds are not drawn again: this keeps the median, but lengths pile up at the bounds."""

    mean: float
    std: float

    def raw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        return generator.normal(self.mean, self.std, size=count)


@dataclass(frozen=True)
class _Zipf(Law):
    """P(n) proportional to n to the power of -alpha, over the whole numbers from low to high."""

    alpha: float

    def raw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        assert self.high is not None
        lengths = np.arange(max(1, self.low), self.high + 1, dtype=np.float64)
        # Weights are relative to the first, so that a large alpha causes neither an overflow nor 0 / 0.
        cumulated = np.cumsum((lengths / lengths[0]) ** -self.alpha)
        found = np.searchsorted(cumulated, generator.random(count) * cumulated[-1], side="right")
        drawn: NDArray[np.float64] = lengths[np.minimum(found, len(lengths) - 1)]
        return drawn


@dataclass(frozen=True)
class _Percentiles(Law):
    """Straight lines between points of the cumulative distribution, from share 0 to share 1.

    If the given points do not reach share 0, the lines start at min=, or else at the first point's length; if they do
    not reach share 1, the lines end at max=, or else at the last point's length.
    """

    shares: tuple[float, ...]
    lengths: tuple[float, ...]

    def raw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        return np.interp(generator.random(count), self.shares, self.lengths)


@dataclass(frozen=True)
class Given:
    """The text after a law's name: `fields` are written key=value, `plain` values without a key."""

    flag: str
    text: str
    name: str
    plain: list[str]
    fields: dict[str, float]
    least: int
    low: int | None
    high: int | None

    def refused(self, why: str) -> BadInput:
        return BadInput(f"{self.flag} {self.text!r}: {why}; give for example {_EXAMPLES[self.name]}")

    @property
    def bounds(self) -> tuple[int, int | None]:
        return self.least if self.low is None else self.low, self.high

    def only(self, *names: str, values: int = 0) -> None:
        """Raises BadInput unless the fields are exactly `names`, and there are `values` plain values."""
        for name in names:
            if name not in self.fields:
                raise self.refused(f"{name}= is missing")
        for name in self.fields:
            if name not in names:
                raise self.refused(f"{name}= is unknown")
        if len(self.plain) > values:
            raise self.refused(f"{self.plain[values]!r} is one value too many")
        if len(self.plain) < values:
            raise self.refused("a length is missing")

    def length(self, text: str) -> int:
        fits = text.isascii() and text.isdecimal() and len(text) <= 12
        if not fits or not self.least <= int(text) <= LONGEST:
            raise self.refused(f"{text!r} is not a whole number from {self.least} to {LONGEST}")
        return int(text)


def parse_law(flag: str, text: str, least: int) -> Law:
    """The law that `text` names; raises BadInput, naming `flag`, for anything else.

    `least`: the shortest length that is allowed, and the lower bound where min= is not given.
    """
    name, _, rest = text.strip().partition(":")
    if name not in _LAWS:
        raise BadInput(
            f"{flag} {text!r}: unknown law {name!r}; give for example {' or '.join(_EXAMPLES.values())}"
        )
    given = Given(flag, text, name, [], {}, least, None, None)
    for part in rest.replace(",", " ").split():
        key, mark, value = part.partition("=")
        if not mark:
            given.plain.append(part)
            continue
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise given.refused(f"{part!r} has no number after the =")
        if key in given.fields:
            raise given.refused(f"{key} is given twice")
        given.fields[key] = number
    low, high = bound(given, "min"), bound(given, "max")
    if low is not None and high is not None and low > high:
        raise given.refused(f"min {low} is above max {high}")
    return _LAWS[name](replace(given, low=low, high=high))


def bound(given: Given, key: str) -> int | None:
    value = given.fields.pop(key, None)
    if value is None:
        return None
    if not value.is_integer() or not given.least <= value <= LONGEST:
        raise given.refused(f"{key} must be a whole number from {given.least} to {LONGEST}")
    return int(value)


def _fixed(given: Given) -> Law:
    given.only(values=1)
    return _Fixed(*given.bounds, given.length(given.plain[0]))


def uniform(given: Given) -> Law:
    given.only(values=1)
    first, mark, last = given.plain[0].partition("-")
    if not mark:
        raise given.refused(f"{given.plain[0]!r} is not a range")
    if given.length(first) > given.length(last):
        raise given.refused(f"{first} is above {last}")
    return _Uniform(*given.bounds, given.length(first), given.length(last))


def _gaussian(given: Given) -> Law:
    given.only("mean", "std")
    mean, std = given.fields["mean"], given.fields["std"]
    if not 0 <= mean <= LONGEST or not 0 <= std <= LONGEST:
        raise given.refused(f"mean and std must be from 0 to {LONGEST}")
    return _Gaussian(*given.bounds, mean, std)


def _zipf(given: Given) -> Law:
    given.only("alpha")
    if given.fields["alpha"] < 0:
        raise given.refused("alpha must be at least 0")
    low, high = given.bounds
    if high is None or high < 1:
        raise given.refused("max= is missing")
    return _Zipf(low, high, given.fields["alpha"])


def percentiles(given: Given) -> Law:
    points: list[tuple[float, float]] = []
    for key, length in given.fields.items():
        try:
            share = float(key) / 100
        except ValueError:
            raise given.refused(f"{key!r} is not a percentile") from None
        if not 0 <= share <= 1 or not 0 <= length <= LONGEST:
            raise given.refused(f"{key}={length:g} is not a length at a percentile from 0 to 100")
        points.append((share, length))
    points.sort()
    if given.plain or not points:
        raise given.refused("the values must be pairs of percentile and length")
    if len({share for share, _ in points}) < len(points):
        raise given.refused("a percentile is given twice")
    lengths = [length for _, length in points]
    if lengths != sorted(lengths):
        raise given.refused("lengths must not fall from one percentile to the next")
    low, high = given.bounds
    first, last = points[0], points[-1]
    start = first[1] if given.low is None else min(low, first[1])
    end = last[1] if high is None else max(high, last[1])
    whole = [*([(0.0, start)] if first[0] > 0 else []), *points, *([(1.0, end)] if last[0] < 1 else [])]
    return _Percentiles(low, high, tuple(share for share, _ in whole), tuple(length for _, length in whole))


_LAWS: dict[str, Callable[[Given], Law]] = {
    "fixed": _fixed,
    "uniform": uniform,
    "gaussian": _gaussian,
    "zipf": _zipf,
    "percentiles": percentiles,
}
