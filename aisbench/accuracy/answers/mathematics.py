"""Extracts the expression that an output gives as its result, and compares it with the known one."""

from __future__ import annotations

import re

from aisbench.accuracy.answers.boxes import Marked, boxes, tagged
from aisbench.accuracy.answers.cues import ANSWER, statements
from aisbench.accuracy.answers.equality import equal_expressions
from aisbench.accuracy.answers.found import NONE, Found
from aisbench.accuracy.answers.numbers import equal, numbers, value_of
from aisbench.accuracy.answers.plain import plain

_STATED = re.compile(ANSWER, re.IGNORECASE | re.VERBOSE)
_FORMULA = re.compile(
    r"\$\$(.{1,400}?)\$\$|\$([^$\n]{1,400})\$|\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]", re.DOTALL
)
# Between the boxes of two solutions: "$x=\boxed{5}\text{ or }x=\boxed{-2}$".
_OR = re.compile(
    r"[$,\s]*(?:\\(?:text|mathrm|quad)\s*\{?)?[\s~]*(?:,|\bor\b|\band\b|或|和|、)[\s~]*\}?[$\s]*(?:[a-zA-Z](?:_\{?\w\}?)?\s*=\s*)?[$\s]*"
)
_UNITS = re.compile(
    r"\^?\s*\{?\s*\\circ\s*\}?|\\degree|°|\\\$|^\$|\\?%|\\text\{\s*(?:degrees?|dollars?|cm|m|km|units?|inches|feet)[^{}]*\}(?:\^\{?\d\}?)?|"
    r"(?<=[\d)}])\s+(?:radians?|degrees?|dollars?|square units?|units?|cm|km|inches|feet)\s*$"
)


def expression(text: str) -> Found:
    """The result in `text`, which is unified and has no thinking."""
    marked = sorted([*boxes(text), *tagged(text)], key=lambda mark: mark.start)
    if marked:
        content = _joined(text, marked)
        if content is None:
            return Found(None, "unfinished box")
        return Found(content.strip() or None, "box or tag")
    if hashed := re.findall(r"####[ \t]*([^\n]+)", text):
        return Found(hashed[-1].strip(), "after ####")
    last = None
    for statement in statements(_STATED, text):
        if statement.denied or not statement.clause.strip():
            continue
        formula = _FORMULA.search(text, statement.at - 1, statement.at + 400)
        content = statement.clause
        if formula is not None and formula.start() <= statement.at + len(content):
            content = next(part for part in formula.groups() if part is not None)
        last = Found(_bare(content), "stated")
    if last is not None:
        return last
    if len(text.strip()) <= 60 and "\n" not in text.strip() and not re.search(r"[a-z]{3}", plain(text)):
        return Found(_bare(text) or None, "formula alone")
    formulas = list(_FORMULA.finditer(text))
    if formulas:
        content = next(part for part in formulas[-1].groups() if part is not None)
        return Found(_bare(content), "last formula", sure=False)
    found = numbers(text)
    return Found(text[found[-1].start : found[-1].end].strip(), "last number", sure=False) if found else NONE


def _joined(text: str, marked: list[Marked]) -> str | None:
    """The content of the last mark, with those of the marks before it that are alternatives to it: 5,-2."""
    if marked[-1].content is None:
        return None
    alternatives = [marked[-1].content]
    for earlier, later in zip(reversed(marked[:-1]), reversed(marked), strict=False):
        if not _OR.fullmatch(text, earlier.end, later.start) or earlier.content is None:
            break
        alternatives.insert(0, earlier.content)
    return ", ".join(dict.fromkeys(content.strip() for content in alternatives))


def _bare(text: str) -> str:
    return text.strip().strip("*$ ").rstrip(".,;").strip()


def same(gold: str, answer: str) -> bool | None:
    """Whether two expressions are equal; None if that could not be decided in time."""
    sides = [_tidy(gold), _tidy(answer)]
    if sides[0] == sides[1]:
        return True
    values = [
        value_of(plain(side.rsplit("=", 1)[-1])) if re.fullmatch(r"[^\\^(){}\[\]!]*", side) else None
        for side in sides
    ]
    # 3,2 is a list, not a decimal.
    listed = re.search(r",\d{1,2}(?!\d)", sides[0])
    if (
        values[0] is not None
        and values[1] is not None
        and not listed
        and not re.search(r"[a-zA-Z]", sides[0])
    ):
        alike = equal(values[0], values[1])
        if alike or "%" not in gold + answer:
            return alike
    first = equal_expressions(*(_UNITS.sub("", text).strip() for text in (gold, answer)))
    return first or equal_expressions(gold, answer) if "%" in gold + answer else first


def _tidy(text: str) -> str:
    """`text` without spacing, units and commands such as \\text around words."""
    text = re.sub(r"\\(?:text|mathrm|textbf|mathbf|mbox)\s*\{([^{}]*)\}", r"\1", _UNITS.sub("", text))
    text = re.sub(r"\\left|\\right|\\[,!;: ]|\s|\$", "", text.replace("dfrac", "frac").replace("{,}", ","))
    return text.rstrip(".").casefold()
