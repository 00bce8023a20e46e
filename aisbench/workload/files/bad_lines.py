"""Collects the unusable rows of a data set's file by kind, to leave them out or to refuse the file."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import orjson

from aisbench.errors import BadInput
from aisbench.workload.files.file_kinds import refuse_other_encodings

# How many rows with the same problem are named, and how many kinds of problem are told apart.
_NAMED = 5
KINDS = 10
# Some editors write this before the first line.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# No model accepts this many tokens, and the records hold lengths in 32 bits.
LONGEST = 10_000_000
NOT_UTF8 = "not UTF-8"
LONE = re.compile("[\ud800-\udfff]")


class BadLine(ValueError):
    """The problem with one line. `kind`: the same problem in words that fit every line that has it."""

    def __init__(self, what: str, kind: str | None = None) -> None:
        super().__init__(what)
        self.kind = what if kind is None else kind


class BadLines:
    """Collects the problems of a file, by kind.

    `strict`: the value of --strict-dataset; None: any bad line refuses the file, whatever the option says.
    `unit`: the word for a numbered row of the file.
    """

    def __init__(self, path: Path, *, strict: bool | None = None, unit: str = "line") -> None:
        self.path = path
        self.strict = strict
        self.unit = unit
        self.count = 0
        self.used = 0
        # For each kind: the first problem in its own words, how many there are, and the first row numbers.
        self.kinds: dict[str, tuple[str, int, list[int | str]]] = {}

    def add(self, number: int | str, problem: object) -> None:
        self.count += 1
        kind = problem.kind if isinstance(problem, BadLine) else str(problem)
        if kind not in self.kinds and len(self.kinds) >= KINDS:
            kind = "other problems"
        what, count, lines = self.kinds.get(kind, (str(problem), 0, []))
        self.kinds[kind] = (what, count + 1, lines if len(lines) == _NAMED else [*lines, number])

    def check(self, hint: str = "") -> None:
        """Raises BadInput for a file without a usable line, and for any bad line unless those are left out.

        `hint`: what would work for a file without a usable line.
        """
        if NOT_UTF8 in self.kinds:
            refuse_other_encodings(self.path)
        if self.count and self.used == 0:
            which = f"its one {self.unit}" if self.count == 1 else f"none of its {self.count} {self.plural}"
            cannot = "cannot be used" if self.count == 1 else "can be used"
            raise BadInput(f"{self.path}: {which} {cannot}: {self.problems()}{hint}")
        if self.count and self.strict is not False:
            advice = "; without --strict-dataset they are left out" if self.strict else ""
            raise BadInput(f"{self.path}: {self.share} cannot be used: {self.problems()}{advice}")

    @property
    def plural(self) -> str:
        return "entries" if self.unit == "entry" else f"{self.unit}s"

    @property
    def share(self) -> str:
        return f"{self.count} of {self.count + self.used} {self.plural}"

    def problems(self) -> str:
        return "; ".join(self.problem(kind) for kind in self.kinds)

    def problem(self, kind: str) -> str:
        what, count, lines = self.kinds[kind]
        if count == 1:
            return f"{what} ({self.unit} {lines[0]})"
        more = ", ..." if count > len(lines) else ""
        first = f"; the first: {what}" if what != kind else ""
        return f"{count} times {kind} ({self.plural} {', '.join(map(str, lines))}{more}{first})"

    def notes(self) -> list[str]:
        """A note for the user if anything was left out."""
        if self.count == 0:
            return []
        return [
            f"left out {self.share} of {self.path.name} (an error with --strict-dataset): {self.problems()}"
        ]

    def facts(self) -> dict[str, Any]:
        """The counts as plain values, for run.json and summaries."""
        return {
            "used": self.used,
            "left_out": self.count,
            "kinds": [
                {"kind": kind, "count": count, f"first_{self.plural}": lines}
                for kind, (_, count, lines) in self.kinds.items()
            ],
        }


def parsed_json(data: bytes) -> Any:
    """Parses JSON; NaN and infinity, which pandas writes for missing values, become null. Raises BadLine."""
    data = data.removeprefix(BYTE_ORDER_MARK)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        # Slower, but this accepts NaN and halves of surrogate pairs, and tells bad UTF-8 from bad JSON.
        return json.loads(data.decode(), parse_constant=lambda _: None)
    except UnicodeDecodeError as problem:
        raise BadLine(f"not UTF-8: {problem.reason} at byte {problem.start + 1}", NOT_UTF8) from None
    except json.JSONDecodeError as problem:
        message = problem.msg.removesuffix(" at")
        at = (
            f"column {problem.colno}"
            if b"\n" not in data.strip()
            else f"line {problem.lineno}, column {problem.colno}"
        )
        raise BadLine(f"broken JSON in {at}: {message}", "broken JSON") from None
    except RecursionError:
        raise BadLine("JSON that is nested too deeply") from None
    except ValueError:
        raise BadLine("broken JSON: a number with thousands of digits", "broken JSON") from None


def json_object(line: bytes) -> dict[str, Any]:
    """Parses a line of a JSON-lines file, with or without a trailing comma; raises BadLine unless it is an object."""
    value = parsed_json(line.rstrip().removesuffix(b","))
    if not isinstance(value, dict):
        raise BadLine(f"{type(value).__name__} instead of a JSON object")
    return value


def whole_number(value: Any, name: str, least: int, most: int = LONGEST) -> int:
    """`value` as an int; raises BadLine, naming the field, unless it is from `least` to `most`.

    Also accepts 5.0 and "5", which tables and other programs write for 5.
    """
    if isinstance(value, str):
        value = number_in(value, value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None:
        raise BadLine(f"{name} is missing")
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadLine(f"{name} is {shortened(value)}, not a whole number", f"{name} is not a whole number")
    if value < least:
        raise BadLine(f"{name} is {value}; it must be at least {least}", f"{name} below {least}")
    if value > most:
        raise BadLine(f"{name} is {shortened(value)}; it must be at most {most}", f"{name} above {most}")
    return value


def number_in(text: str, other: Any) -> Any:
    """The finite number that `text` spells, else `other`."""
    try:
        value = float(text)
    except ValueError:
        return other
    if not math.isfinite(value):
        return other
    return int(text) if text.strip().lstrip("+-").isdecimal() and len(text) < 20 else value


def check_text(text: str) -> None:
    """Raises BadLine for halves of surrogate pairs, which can be encoded neither as tokens nor as UTF-8."""
    if not text.isascii() and LONE.search(text) is not None:
        raise BadLine(f"{shortened(text)} contains half of a surrogate pair", "half of a surrogate pair")


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
