"""Rates that change with time: steps, a series from a file, a sine, and bursts.

A rate r(t) with its cumulated rate R(t), requests expected by t, takes a process of unit rate to its
own time: an arrival at u of the unit process leaves at the t where R(t) = u. The gaps keep their law in u.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aisbench.durations import seconds
from aisbench.errors import BadInput
from aisbench.workload.files.file_kinds import refuse_other_kinds

Floats = NDArray[np.float64]
NS = 1_000_000_000
# Halvings of a bracket: what is left of it is below the resolution of a float.
HALVINGS = 60


class Shape(Protocol):
    """A rate over time, s and requests/s. `peak_rps` is the highest rate."""

    @property
    def peak_rps(self) -> float: ...

    def expected(self, times_s: Floats) -> Floats:
        """How many requests are to leave by `times_s`, elementwise."""
        ...

    def times_s(self, operational: Floats) -> Floats:
        """When the expected number reaches `operational`, elementwise; inf where it never does."""
        ...


@dataclass(frozen=True)
class Pieces:
    """Pieces that begin at `starts_s`, with a rate linear from `from_rps` to `to_rps`; the last one's
    `to_rps` holds from the last of `starts_s` on, which has one entry more than the others have.
    """

    starts_s: tuple[float, ...]
    from_rps: tuple[float, ...]
    to_rps: tuple[float, ...]

    @property
    def peak_rps(self) -> float:
        return max(*self.from_rps, *self.to_rps)

    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Starts, the rates there, the slopes after them, and the expected number at each."""
        starts = np.array(self.starts_s)
        begin, end, spans = np.array(self.from_rps), np.array(self.to_rps), np.diff(starts)
        reached = np.concatenate([[0.0], np.cumsum((begin + end) / 2 * spans)])
        return starts, np.append(begin, end[-1]), np.append((end - begin) / spans, 0.0), reached

    def expected(self, times_s: Floats) -> Floats:
        starts, rates, slopes, reached = self.arrays()
        at = np.searchsorted(starts, times_s, side="right") - 1
        past = times_s - starts[at]
        return np.asarray(reached[at] + rates[at] * past + slopes[at] * past**2 / 2)

    def times_s(self, operational: Floats) -> Floats:
        starts, rates, slopes, reached = self.arrays()
        # From the left: a piece of rate 0 takes nothing, and an arrival at its edge leaves before it.
        at = np.maximum(np.searchsorted(reached, operational, side="left") - 1, 0)
        left, rate = operational - reached[at], rates[at]
        # The root of slope/2 x^2 + rate x = left in the form that holds for a slope of 0.
        root = np.sqrt(np.maximum(rate**2 + 2 * slopes[at] * left, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            past = np.where(left > 0, 2 * left / (rate + root), 0.0)
        return np.asarray(starts[at] + past)


@dataclass(frozen=True)
class Sine:
    """mean + amplitude * sin(2 pi t / period), requests/s and s; the amplitude is at most the mean."""

    mean_rps: float
    amplitude_rps: float
    period_s: float

    @property
    def peak_rps(self) -> float:
        return self.mean_rps + self.amplitude_rps

    def expected(self, times_s: Floats) -> Floats:
        turn = 2 * math.pi / self.period_s
        return self.mean_rps * times_s + self.amplitude_rps / turn * (1 - np.cos(turn * times_s))

    def times_s(self, operational: Floats) -> Floats:
        high = operational / self.mean_rps
        low = np.maximum(high - self.amplitude_rps * self.period_s / math.pi / self.mean_rps, 0.0)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            below = self.expected(middle) < operational
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(high)


@dataclass(frozen=True)
class Burst:
    """`size` requests at once every `every_s`, the first at 0. Drawn from no law."""

    size: int
    every_s: float

    @property
    def peak_rps(self) -> float:
        return self.size / min(self.every_s, 1.0)

    def expected(self, times_s: Floats) -> Floats:
        return self.size * np.maximum(1.0, np.ceil(times_s / self.every_s * (1 - 1e-12)))

    def times_s(self, operational: Floats) -> Floats:
        """`operational`: 1 for the first request, 2 for the second."""
        return np.floor((operational - 1) / self.size) * self.every_s


def steps(text: str) -> Pieces:
    """Of `10x30s,20x30s`. Raises BadInput."""
    wrong = f"--rate-steps {text!r} makes no sense; give RATExSECONDS pieces such as 10x30s,20x30s"
    pairs = [pair(part, wrong) for part in text.split(",")]
    if any(rate < 0 or span <= 0 for rate, span in pairs) or all(rate == 0 for rate, _ in pairs):
        raise BadInput(f"{wrong} (rates of at least 0, one of them above 0, and spans above 0)")
    rates = tuple(rate for rate, _ in pairs)
    return Pieces((0.0, *np.cumsum([span for _, span in pairs]).tolist()), rates, rates)


def series(name: str) -> Pieces:
    """Of a csv file of time_s,rate, linear between the points. Raises BadInput."""
    path = Path(name).expanduser()
    try:
        refuse_other_kinds(path, "--rate-series")
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = file.read().splitlines()
    except UnicodeDecodeError:
        raise BadInput(f"--rate-series {name} is not UTF-8; save it as UTF-8") from None
    except OSError as problem:
        raise BadInput(f"--rate-series {name} cannot be read: {problem.strerror}") from None
    # Spreadsheets separate columns by semicolons where the comma is in the numbers.
    mark = next((mark for mark in (";", "\t") if any(mark in line for line in lines)), ",")
    try:
        rows = [(at, row) for at, row in enumerate(csv.reader(lines, delimiter=mark), 1) if row]
    except csv.Error as problem:
        raise BadInput(f"--rate-series {name} cannot be read: {problem}") from None
    if rows and [cell.strip() for cell in rows[0][1]][:1] == ["time_s"]:
        rows = rows[1:]
    points: list[tuple[float, float]] = []
    for at, row in rows:
        wrong = f"--rate-series {name}, line {at}: {mark.join(row)!r} makes no sense; give time_s,rate"
        if len(row) != 2:
            raise BadInput(wrong)
        time_s, rate = number(row[0], wrong), number(row[1], wrong)
        if rate < 0:
            raise BadInput(f"{wrong} with a rate of at least 0")
        if (time_s <= points[-1][0]) if points else time_s != 0:
            raise BadInput(f"{wrong} with times that begin at 0 and increase")
        points.append((time_s, rate))
    if len(points) < 2 or all(rate == 0 for _, rate in points):
        raise BadInput(f"--rate-series {name} needs at least two points and a rate above 0")
    times, rates = zip(*points, strict=True)
    return Pieces(times, rates[:-1], rates[1:])


def sine(text: str) -> Sine:
    """Of `20,10,60s`. Raises BadInput."""
    wrong = f"--rate-sine {text!r} makes no sense; give MEAN,AMPLITUDE,PERIOD such as 20,10,60s"
    parts = text.split(",")
    if len(parts) != 3:
        raise BadInput(wrong)
    mean, amplitude = (number(part, wrong) for part in parts[:2])
    period = span(parts[2], wrong)
    if not (mean > 0 and 0 <= amplitude <= mean and period > 0):
        raise BadInput(f"{wrong} (a mean and a period above 0, an amplitude from 0 to the mean)")
    return Sine(mean, amplitude, period)


def burst(text: str) -> Burst:
    """Of `50x10s`. Raises BadInput."""
    wrong = f"--burst {text!r} makes no sense; give COUNTxSECONDS such as 50x10s"
    size, every = pair(text, wrong)
    if size < 1 or size != int(size) or every <= 0:
        raise BadInput(f"{wrong} (a whole number of at least 1, and seconds above 0)")
    return Burst(int(size), every)


def pair(text: str, wrong: str) -> tuple[float, float]:
    first, _, second = text.strip().partition("x")
    return number(first, wrong), span(second, wrong)


def span(text: str, wrong: str) -> float:
    """Seconds of `30s`, `5m` or a number. Raises BadInput with the words `wrong`."""
    return number(text, wrong, seconds)


def number(text: str, wrong: str, read: Callable[[str], float] = float) -> float:
    try:
        value = read(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(wrong)
    return value
