"""Reads the rates over time that --rate-steps, --rate-series, --rate-sine and --burst describe."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aisbench.durations import seconds
from aisbench.errors import BadInput
from aisbench.workload.arrivals.burst import Burst
from aisbench.workload.arrivals.gaps import Gaps
from aisbench.workload.arrivals.moving import Pieces, Sine
from aisbench.workload.files.file_kinds import refuse_other_kinds

_POISSON = Gaps()


def steps(text: str, gaps: Gaps = _POISSON) -> Pieces:
    """Reads `10x30s,20x30s`. Raises BadInput."""
    wrong = f"--rate-steps {text!r} cannot be read; give RATExSECONDS pieces such as 10x30s,20x30s"
    pairs = [_pair(part, wrong) for part in text.split(",")]
    if any(rate < 0 or span <= 0 for rate, span in pairs) or all(rate == 0 for rate, _ in pairs):
        raise BadInput(f"{wrong} (rates of at least 0, one of them above 0, and spans above 0)")
    rates = tuple(rate for rate, _ in pairs)
    return Pieces((0.0, *np.cumsum([span for _, span in pairs]).tolist()), rates, rates, gaps)


def series(name: str, gaps: Gaps = _POISSON) -> Pieces:
    """Reads a CSV file of time_s,rate; the rate is linear between the points. Raises BadInput."""
    path = Path(name).expanduser()
    try:
        refuse_other_kinds(path, "--rate-series")
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = file.read().splitlines()
    except UnicodeDecodeError:
        raise BadInput(f"--rate-series {name} is not UTF-8; save it as UTF-8") from None
    except OSError as problem:
        raise BadInput(f"--rate-series {name} cannot be read: {problem.strerror}") from None
    # Spreadsheets separate columns with semicolons where the comma is the decimal mark.
    mark = next((mark for mark in (";", "\t") if any(mark in line for line in lines)), ",")
    try:
        rows = [(at, row) for at, row in enumerate(csv.reader(lines, delimiter=mark), 1) if row]
    except csv.Error as problem:
        raise BadInput(f"--rate-series {name} cannot be read: {problem}") from None
    if rows and [cell.strip() for cell in rows[0][1]][:1] == ["time_s"]:
        rows = rows[1:]
    points: list[tuple[float, float]] = []
    for at, row in rows:
        wrong = f"--rate-series {name}, line {at}: {mark.join(row)!r} cannot be read; give time_s,rate"
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
    return Pieces(times, rates[:-1], rates[1:], gaps)


def sine(text: str, gaps: Gaps = _POISSON) -> Sine:
    """Reads `20,10,60s`. Raises BadInput."""
    wrong = f"--rate-sine {text!r} cannot be read; give MEAN,AMPLITUDE,PERIOD such as 20,10,60s"
    parts = text.split(",")
    if len(parts) != 3:
        raise BadInput(wrong)
    mean, amplitude = (number(part, wrong) for part in parts[:2])
    period = _span(parts[2], wrong)
    if not (mean > 0 and 0 <= amplitude <= mean and period > 0):
        raise BadInput(f"{wrong} (a mean and a period above 0, an amplitude from 0 to the mean)")
    return Sine(mean, amplitude, period, gaps)


def burst(text: str) -> Burst:
    """Reads `50x10s`. Raises BadInput."""
    wrong = f"--burst {text!r} cannot be read; give COUNTxSECONDS such as 50x10s"
    size, every = _pair(text, wrong)
    if size < 1 or size != int(size) or every <= 0:
        raise BadInput(f"{wrong} (a whole number of at least 1, and seconds above 0)")
    return Burst(int(size), every)


def _pair(text: str, wrong: str) -> tuple[float, float]:
    first, _, second = text.strip().partition("x")
    return number(first, wrong), _span(second, wrong)


def _span(text: str, wrong: str) -> float:
    """Reads `30s`, `5m` or a number of seconds. Raises BadInput with the message `wrong`."""
    return number(text, wrong, seconds)


def number(text: str, wrong: str, read: Callable[[str], float] = float) -> float:
    try:
        value = read(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(wrong)
    return value
