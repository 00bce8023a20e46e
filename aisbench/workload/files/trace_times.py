"""Reads the times of recorded traffic, numbers or dates, and warns if they seem to be in another unit."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from aisbench.workload.files.bad_lines import BadLine, number_in, shortened
from aisbench.workload.options import WorkloadOptions

MS, S = 10**6, 10**9
_FARTHEST = 1e20
_DAY_S = 86_400
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?) ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?"
)
# A trace this dense (requests/s), or this thin (seconds between two requests), may be in another unit.
_DENSE_RPS, _DENSE_FRACTIONS_RPS, _THIN_S = 100, 10, 60
# Seconds since 1970, for times from 2001 to 2099: the size of such a value shows its unit.
_EPOCH_S = (1e9, 4.1e9)
_UNITS = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}


def number_ns(value: Any, unit_ns: int) -> int:
    """Converts a number in units of `unit_ns`, or a date, to ns; raises BadLine for anything else."""
    if value is None:
        raise BadLine("timestamp is missing")
    if is_date(value):
        return date_ns(value)
    if isinstance(value, str):
        value = number_in(value, value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadLine(f"timestamp is {shortened(value)}, not a number", "timestamp is not a number")
    return _instant(value, unit_ns)


def is_date(value: Any) -> bool:
    return isinstance(value, str) and _DATE.fullmatch(value.strip()) is not None


def seconds_ns(text: str) -> int:
    if not text:
        raise BadLine("Timestamp is missing")
    value = number_in(text, None)
    if value is None:
        raise BadLine(f"time {shortened(text)} is not a number of seconds", "a time that is not a number")
    return _instant(value, S)


def _instant(value: float, unit_ns: int) -> int:
    """`value` in ns, exact for whole numbers: nanoseconds since 1970 have more digits than a float."""
    if not abs(value) < _FARTHEST:
        raise BadLine(f"time {shortened(value)} is out of range", "a time that is out of range")
    return round(value * unit_ns)


def date_ns(text: str) -> int:
    """Nanoseconds since 1970 of `2023-11-16 18:17:03.9799600`, with or without an offset from UTC, or of a
    number whose size shows its unit."""
    if not text:
        raise BadLine("TIMESTAMP is missing")
    number = number_in(text, None)
    unit = None if number is None else _unit_of(number)
    if number is not None and unit is not None:
        return _instant(number, round(_UNITS[unit] * S))
    found = _DATE.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        at = int(np.datetime64(found[1].replace(" ", "T"), "ns").astype(np.int64))
        return at - _offset_ns(found[2] or "Z")
    except ValueError:
        raise BadLine(
            f"time {shortened(text)} is not a date and time such as 2023-11-16 18:17:03.98",
            "a time that is not a date",
        ) from None


def _offset_ns(zone: str) -> int:
    """How far a zone such as +05:30 is ahead of UTC."""
    if zone in ("Z", "UTC"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (-1 if zone[0] == "-" else 1) * minutes * 60 * S


def _name_of(unit_ns: int) -> str:
    return "seconds" if unit_ns == S else "milliseconds"


def _unit_of(value: float) -> str | None:
    """The unit of a time since 1970, judged by its size; None: it is not such a time."""
    for name, scale in _UNITS.items():
        if _EPOCH_S[0] <= value * scale < _EPOCH_S[1]:
            return name
    return None


def times_note(at_ns: list[int], unit_ns: int | None, options: WorkloadOptions) -> str:
    """A note on how long a trace is and in which unit it was read, with any reason to doubt that unit.

    `at_ns`: ascending. `unit_ns` None: times are dates.
    """
    read_as = "dates" if unit_ns is None else _name_of(unit_ns)
    span_s = (at_ns[-1] - at_ns[0]) / S
    due = (
        f" ({span_s / options.speedup:g} s with --speedup {options.speedup:g})"
        if options.speedup != 1
        else ""
    )
    note = f"times are read as {read_as}: {len(at_ns)} requests in {span_s:g} s{due}"
    doubt = "" if unit_ns is None or options.speedup != 1 else doubts(at_ns, unit_ns)
    return f"{note}; {doubt}" if doubt else note


def doubts(at_ns: list[int], unit_ns: int) -> str:
    """Why the times may be in another unit, and the option for that; empty if nothing suggests it."""
    meant = _unit_of(at_ns[0] / unit_ns)
    named = _name_of(unit_ns)
    gaps = len(at_ns) - 1
    span_s = (at_ns[-1] - at_ns[0]) / S
    if meant is not None and meant != named:
        return f"{_remedy(meant, unit_ns)}, as the first looks like {meant} since 1970"
    if gaps == 0 or span_s == 0:
        return ""
    fractions = any(at % unit_ns for at in at_ns)
    if unit_ns == MS and gaps / span_s > (_DENSE_FRACTIONS_RPS if fractions else _DENSE_RPS):
        return f"that is {gaps / span_s:,.0f} requests/s; {_remedy('seconds', unit_ns)}"
    if span_s > _DAY_S and span_s / gaps > _THIN_S:
        smaller = "microseconds" if unit_ns == MS else "milliseconds"
        return f"that is one request in {span_s / gaps:,.0f} s; {_remedy(smaller, unit_ns)}"
    return ""


def _remedy(unit: str, unit_ns: int) -> str:
    other = "--dataset timed_trace, or " if unit == "seconds" else ""
    return f"if they are {unit}, give {other}--speedup {unit_ns / S / _UNITS[unit]:.9g}"
