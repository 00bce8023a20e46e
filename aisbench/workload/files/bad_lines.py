"""Rows of a data set's file that cannot be used: left out and counted by kind, or refused all at once."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import orjson

from aisbench.errors import BadInput
from aisbench.workload.files.file_kinds import refuse_other_encodings

# Of the rows with the same problem, so many are named; of the problems, so many are told apart.
_NAMED = 5
KINDS = 10
# Some editors put it before the first line.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# No model takes as much, and the records hold lengths in 32 bits.
LONGEST = 10_000_000
NOT_UTF8 = "not UTF-8"
LONE = re.compile("[\ud800-\udfff]")


class BadLine(ValueError):
    """What is wrong with one line. `kind`: the same in words that fit all lines with this problem."""

    def __init__(self, what: str, kind: str | None = None) -> None:
        super().__init__(what)
        self.kind = what if kind is None else kind


class BadLines:
    """Collects what is wrong with a file, by kind.

    `strict`: as --strict-dataset says; None: the file is refused for any bad line, whatever that says.
    `unit`: what its rows are called where they are numbered.
    """

    def __init__(self, path: Path, *, strict: bool | None = None, unit: str = "line") -> None:
        self.path = path
        self.strict = strict
        self.unit = unit
        self.count = 0
        self.used = 0
        # By kind: the first problem in its own words, how many there are, the first of their numbers.
        self.kinds: dict[str, tuple[str, int, list[int | str]]] = {}

    def add(self, number: int | str, problem: object) -> None:
        self.count += 1
        kind = problem.kind if isinstance(problem, BadLine) else str(problem)
        if kind not in self.kinds and len(self.kinds) >= KINDS:
            kind = "other problems"
        what, count, lines = self.kinds.get(kind, (str(problem), 0, []))
        self.kinds[kind] = (what, count + 1, lines if len(lines) == _NAMED else [*lines, number])

    def check(self, hint: str = "") -> None:
        """Raises BadInput when the file is to be refused: for any bad line, or, where such are left out, when
        no line was used. `hint`: what would work, for a file without a usable line."""
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
        """What a user of the file should know, if anything was left out."""
        if self.count == 0:
            return []
        return [
            f"left out {self.share} of {self.path.name} (--strict-dataset refuses them): {self.problems()}"
        ]

    def facts(self) -> dict[str, Any]:
        """Plain values, for run.json and summaries."""
        return {
            "used": self.used,
            "left_out": self.count,
            "kinds": [
                {"kind": kind, "count": count, f"first_{self.plural}": lines}
                for kind, (_, count, lines) in self.kinds.items()
            ],
        }


def parsed_json(data: bytes) -> Any:
    """`data` as JSON; NaN and infinity, which pandas writes for what is not there, are null. Raises BadLine."""
    data = data.removeprefix(BYTE_ORDER_MARK)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        # Slower, but it takes NaN and halves of surrogate pairs, and tells UTF-8 from JSON.
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
        raise BadLine("JSON that is nested too deep") from None
    except ValueError:
        raise BadLine("broken JSON: a number of thousands of digits", "broken JSON") from None


def json_object(line: bytes) -> dict[str, Any]:
    """One line of a JSON-lines file, with or without a comma at its end; raises BadLine unless it is an object."""
    value = parsed_json(line.rstrip().removesuffix(b","))
    if not isinstance(value, dict):
        raise BadLine(f"not a JSON object but {type(value).__name__}")
    return value


def whole_number(value: Any, name: str, least: int, most: int = LONGEST) -> int:
    """`value` as an int; raises BadLine, naming the field, unless it is one from `least` to `most`.

    Tables and other programs write 5.0 or "5" for 5.
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
        raise BadLine(f"{name} is {value}; it has to be at least {least}", f"{name} below {least}")
    if value > most:
        raise BadLine(f"{name} is {shortened(value)}; it has to be at most {most}", f"{name} above {most}")
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
    """Raises BadLine for halves of surrogate pairs, which no tokenizer encodes and no UTF-8 holds."""
    if not text.isascii() and LONE.search(text) is not None:
        raise BadLine(f"{shortened(text)} holds half of a surrogate pair", "half of a surrogate pair")


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
