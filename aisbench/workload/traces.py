"""Reading recorded traffic: when requests came, how long they were, and which blocks they shared.

Three formats, told apart by what the file looks like:

    mooncake   JSON lines: timestamp (ms), input_length, output_length, hash_ids (one for each block)
    azure      CSV: TIMESTAMP (date and time), ContextTokens, GeneratedTokens
    burstgpt   CSV: Timestamp (s), Request tokens, Response tokens; failed requests (no response) are left out
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.dataset_files import BadLine, BadLines, json_object, shortened, whole_number

MS, S = 1e6, 1e9
FORMATS = ("mooncake", "azure", "burstgpt")
COLUMNS = {
    "azure": ("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
    "burstgpt": ("Timestamp", "Request tokens", "Response tokens"),
}


@dataclass(frozen=True)
class Recorded:
    """One request of a trace; `at_ns` on the trace's own clock, lengths in tokens."""

    at_ns: int
    input_tokens: int
    output_tokens: int
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Trace:
    """Requests in the order of their times (those of one time in the file's); `left_out` failed ones."""

    format: str
    requests: list[Recorded]
    left_out: int

    def offsets_ns(self, speedup: float) -> NDArray[np.int64]:
        """When each is due after the first, its recorded distance divided by `speedup`."""
        at = np.array([request.at_ns for request in self.requests], dtype=np.int64)
        return np.rint((at - at[0]) / speedup).astype(np.int64)


def read_trace(path: Path, named: str | None, *, unit_ns: float = MS) -> Trace:
    """Raises BadInput for an unknown format and for bad lines, all at once.

    `unit_ns`: what 1 is in a Mooncake trace's timestamps.
    """
    kind = named or guessed_format(path)
    if kind not in FORMATS:
        raise BadInput(f"--trace-format {kind!r} is unknown; known: {', '.join(FORMATS)}")
    bad = BadLines(path)
    requests: list[Recorded] = []
    left_out = 0
    for number, parse in json_lines(path, unit_ns) if kind == "mooncake" else table_lines(path, kind):
        try:
            request = parse()
        except BadLine as problem:
            bad.add(number, problem)
            continue
        if request.output_tokens == 0 and kind == "burstgpt":
            left_out += 1
        elif request.output_tokens == 0:
            bad.add(number, "an output length of 0")
        elif request.input_tokens == 0:
            bad.add(number, "an input length of 0")
        else:
            requests.append(request)
    bad.check()
    if not requests:
        raise BadInput(f"{path} holds no request that was answered")
    requests.sort(key=lambda request: request.at_ns)
    return Trace(kind, requests, left_out)


def guessed_format(path: Path) -> str:
    with path.open("rb") as file:
        first = next(line for line in file if line.strip()).decode("utf-8-sig", "replace")
    if first.lstrip().startswith("{"):
        return "mooncake"
    names = {name.strip() for name in first.split(",")}
    for kind, columns in COLUMNS.items():
        if names.issuperset(columns):
            return kind
    raise BadInput(
        f"{path} looks like no trace: neither JSON lines (mooncake) nor CSV with the columns "
        + " or ".join(f"{', '.join(columns)} ({kind})" for kind, columns in COLUMNS.items())
    )


Lines = Any


def json_lines(path: Path, unit_ns: float) -> Lines:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, lambda line=line: mooncake(line, unit_ns)


def mooncake(line: bytes, unit_ns: float) -> Recorded:
    row = json_object(line)
    at = row.get("timestamp")
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not math.isfinite(at):
        raise BadLine(f"timestamp is {shortened(at)}, not a number")
    blocks = row.get("hash_ids", [])
    if not isinstance(blocks, list):
        raise BadLine("hash_ids is no list")
    return Recorded(
        instant(at * unit_ns),
        whole_number(row.get("input_length"), "input_length", 0),
        whole_number(row.get("output_length"), "output_length", 0),
        tuple(whole_number(block, "a hash id", 0) for block in blocks),
    )


def instant(at_ns: float) -> int:
    if not abs(at_ns) < 2**62:
        raise BadLine("a time that is too far away")
    return round(at_ns)


def table_lines(path: Path, kind: str) -> Lines:
    at_name, input_name, output_name = COLUMNS[kind]
    at: Callable[[str], int] = date_ns if kind == "azure" else seconds_ns

    def recorded(row: dict[str, str]) -> Recorded:
        return Recorded(
            at((row[at_name] or "").strip()), table_int(row, input_name), table_int(row, output_name)
        )

    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        for name in COLUMNS[kind]:
            if name not in (rows.fieldnames or ()):
                raise BadInput(f"{path} has no column {name!r}, which a trace of kind {kind} has")
        for row in rows:
            yield rows.line_num, lambda row=row: recorded(row)


def seconds_ns(text: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadLine(f"time {shortened(text)} is no number of seconds")
    return instant(value * S)


def date_ns(text: str) -> int:
    """Nanoseconds since 1970 of `2023-11-16 18:17:03.9799600`, with or without `+00:00` behind it."""
    plain = text.removesuffix("Z").removesuffix("+00:00").strip()
    try:
        return int(np.datetime64(plain.replace(" ", "T"), "ns").astype(np.int64))
    except ValueError:
        raise BadLine(f"time {shortened(text)} is no date and time") from None


def table_int(row: dict[str, str], name: str) -> int:
    """A cell's whole number of at least 0; raises BadLine for anything else."""
    try:
        value = float(row[name])
    except (TypeError, ValueError):
        raise BadLine(f"{name} is {row[name]!r}, not a number") from None
    if not (value >= 0 and value.is_integer()):
        raise BadLine(f"{name} is {row[name]!r}, not a whole number of at least 0")
    return int(value)
