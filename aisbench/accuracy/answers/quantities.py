"""Finds the number that an output settles on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from aisbench.accuracy.answers.boxes import boxes, tagged
from aisbench.accuracy.answers.cues import ANSWER, statements
from aisbench.accuracy.answers.found import NONE, Found
from aisbench.accuracy.answers.number_words import in_digits
from aisbench.accuracy.answers.numbers import Number, equal, numbers, written
from aisbench.accuracy.answers.plain import plain

_STATED = re.compile(ANSWER, re.IGNORECASE | re.VERBOSE)
_HASHES = re.compile(r"^.{0,200}?####[ \t]*([^\n]+)", re.MULTILINE)
_TOTAL = re.compile(
    r"\b(?:total(?:s|ling|ing)?|altogether|in all|combined|sum)\b|总共|一共|合计|总计|共", re.IGNORECASE
)
_SO = re.compile(
    r"\b(?:so|therefore|thus|hence|making|makes|which (?:is|makes|gives)|that is|i\.?e|or rather)\b|→|所以|因此|即",
    re.IGNORECASE,
)
_DRAWN = re.compile(
    r",\s*(?:and\s+)?(?:so|therefore|thus|hence|leaving|which (?:is|makes|leaves|gives))\b|[,还]\s*(?:还?剩|所以|因此)",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(
    r"\b(?:because|since|due to|given that|whereas|although|though|while|as (?:the|she|he|they|there|we|it)|if you|let me)\b|因为|由于",
    re.IGNORECASE,
)
# Between the two numbers of one quantity, such as 7 hours and 30 minutes; then what comes before it is given in one number.
_COMPOUND = re.compile(
    r"\s*(?:years?|months?|weeks?|days?|hours?|hrs?|h|minutes?|mins?|feet|foot|ft|pounds?|lbs?|dollars?|met(?:er|re)s?|m|kg|"
    r"[年天时元米]|小时|分钟?|个月|公斤|千克)\s*,?\s*(?:and\b\s*|又|零)?",
    re.IGNORECASE,
)
_RESTATED = re.compile(
    r"[(=]|\b(?:or|that is|that's|which (?:is|equals|makes)|equal to|equals|i\.?e)\b|即|也就是|合|等于",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s*(?:-|~|to|到|至|and)\s*")
_EITHER = re.compile(r"[^\d.;]{0,20}\bor\s+|\s*或者?\s*", re.IGNORECASE)
_UNIT = re.compile(r"\s*((?!or\b)[a-z]{1,12}|小时|分钟|[年天时元米分秒])", re.IGNORECASE)
# Closing remarks that follow an answer.
_COURTESY = re.compile(
    r"(?:^|(?<=[.!?\n]))[ \t]*(?:let me know|feel free|i hope|hope this|would you|if you (?:want|need|would|have)|please|"
    r"do you|is there|thanks?\b|thank you|happy to|note that|note:|remember|confidence)[^\n]*",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*([^*\n]{1,80})\*\*|__([^_\n]{1,80})__")
_GOVERNED = re.compile(
    r"\b(?:after|in|for|of|from|per|than|at|by|over|during|every|each|within|on|before|until|out of|step|to)\s+"
    r"(?:(?!is\b|are\b|was\b|has\b|have\b|had\b|equals\b|costs?\b)[A-Za-z']+\s+){0,2}[$€£¥]?$",
    re.IGNORECASE,
)
# What an answer is said not to be: "not 12 but 15", "7 days, not 6".
_NOT = re.compile(r"^(?:not|never)\b[^,;]*[,;]?|\bnot\s+(?:an?\s+)?[$€£¥]?-?\d(?:[\d.,]*\d)?", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?;])(?=\s)|\n+|(?<=[^\x00-\x7f])\.(?=\S)")


def quantity(text: str) -> Found:
    """The number in `text`, which is unified and has no thinking."""
    if hashed := _HASHES.findall(text):
        return _of(_first, hashed[-1], "after ####")
    marked = sorted([*boxes(text), *tagged(text)], key=lambda mark: mark.start)
    bare = in_digits(plain(text))
    stated = _stated(bare)
    if marked:
        content = marked[-1].content
        if content is None:
            return Found(None, "unfinished box")
        if stated is None or stated[1] <= len(in_digits(plain(text[: marked[-1].end]))):
            return _of(_of_clause, content, "box or tag")
    if stated is not None:
        return stated[0]
    whole = re.sub(r"\s+", " ", bare).strip(" .")
    if re.fullmatch(r"\S+ or \S+", whole) and (either := _of_clause(whole)):
        return Found(either.text, "several numbers")
    alone = numbers(bare)
    if len(alone) == 1 and len(re.findall(r"[^\W\d]+", bare)) <= 3:
        return Found(written(alone[0]), "number alone")
    return _guess(text, bare)


def _of(rule_of: Callable[[str], Found | None], text: str, rule: str) -> Found:
    found = rule_of(in_digits(plain(text)))
    return Found(None, rule) if found is None else Found(found.text, rule, found.sure)


def _first(text: str) -> Found | None:
    return _of_clause(text.strip())


def _stated(text: str) -> tuple[Found, int] | None:
    """The last number that is stated as the answer, and its place."""
    last = None
    for statement in statements(_STATED, text):
        clause = statement.clause
        if statement.denied or (statement.heading and not _short(clause)):
            continue
        found = _of_clause(_NOT.sub(" ", clause))
        if found is not None:
            last = Found(found.text, "stated", found.sure), statement.at
    return last


def _short(clause: str) -> bool:
    """Whether the line below a heading is short enough to be the answer, not the beginning of a solution."""
    return len(re.findall(r"[^\W\d]{2,}", clause)) <= 6 or ("=" in clause and len(clause) < 60)


@lru_cache(maxsize=16)
def _of_clause(clause: str) -> Found | None:
    """The number that a clause gives as its result, ignoring explanations after it; None if it has no number."""
    cut = _EXPLAINED.search(clause)
    if cut is not None and numbers(clause[: cut.start()]):
        clause = clause[: cut.start()]
    found = [number for number in numbers(clause) if not number.numbering] or numbers(clause)
    if not found:
        return None
    if (result := _restated(clause, found) or _result(clause, found)) is not None:
        return Found(written(result), "")
    if (total := _total(clause, found)) is not None:
        return Found(written(total), "")
    first = found[0]
    if len(found) > 1:
        between = clause[first.end : found[1].start]
        joined = _RANGE.fullmatch(between)
        if joined and (between.strip() != "and" or re.search(r"\bbetween\s+$", clause[: first.start])):
            return Found(f"{written(first)} - {written(found[1])}", "")
        if _EITHER.fullmatch(between) and not equal(first, found[1]):
            units = [_UNIT.match(clause, number.end) for number in found[:2]]
            # "150 minutes, or 2.5 hours" is one quantity.
            if units[0] and units[1] and units[0][1].casefold() != units[1][1].casefold():
                return Found(written(first), "", sure=False)
            return Found(f"{written(first)} or {written(found[1])}", "")
    alone = len(found) == 1 or bool(re.match(r"[^,;]*[(:]", clause[first.end : found[1].start]))
    return Found(
        written(first), "", alone or not re.search(r"[,;]|\band\b", clause[first.end : found[1].start])
    )


def _restated(clause: str, found: list[Number]) -> Number | None:
    """The one number for a quantity of two units: 7.5 of "7 hours and 30 minutes, i.e. 7.5 hours"."""
    for first, second, third in zip(found, found[1:], found[2:], strict=False):
        if _COMPOUND.fullmatch(clause[first.end : second.start]) and _RESTATED.search(
            clause[second.end : third.start]
        ):
            return third
    return None


def _result(clause: str, found: list[Number]) -> Number | None:
    """The result of the equation in a clause: after the last equals sign, or before it if the sum is after it."""
    sides = clause.split("=")
    if len(sides) < 2:
        return None
    last = [number for number in found if number.start > len(clause) - len(sides[-1]) - 1]
    if last and not _operates(clause, last):
        return last[0]
    at = clause.rindex("=")
    before = [number for number in found if number.end <= at and number.start > clause.rfind("=", 0, at)]
    if len(before) == 1 and (not last or _operates(clause, last)):
        return before[0]
    return last[-1] if last else None


def _after_sum(sentence: str, found: list[Number]) -> Number | None:
    """The number of a later clause that says what comes of the sum: "20% of $50 = $10, so the price is $40"."""
    tail = sentence.rfind("=") + 1
    drawn = _DRAWN.search(sentence, tail) if tail else None
    if drawn is None or not any(tail <= number.start < drawn.start() for number in found):
        return None
    after = [number for number in found if number.start >= drawn.end()]
    free = [number for number in after if not _GOVERNED.search(_just_before(sentence, number))]
    return (free or after)[0] if after else None


def _operates(clause: str, found: list[Number]) -> bool:
    """Whether the first of these numbers is an operand, such as the 3 in 3 + 4."""
    return len(found) > 1 and bool(
        re.fullmatch(
            r"\s*[a-z%]{0,12}\s*[-+*×/x(]+\s*[$€£¥]?\s*", clause[found[0].end : found[1].start], re.IGNORECASE
        )
    )


def _total(clause: str, found: list[Number]) -> Number | None:
    """The number that a clause calls the total of its other numbers."""
    if len(found) < 2:
        return None
    for mark in reversed([*_TOTAL.finditer(clause)]):
        after = [number for number in found if number.start >= mark.end()]
        before = [number for number in found if number.end <= mark.start()]
        # As in "for a total of 19" or "19 in total"; the number after it may be a part of the total.
        if after and not before:
            verb = re.search(r"\b(?:is|are|was|of|:|=)\s*[$€£¥]?$", clause[mark.end() : after[-1].start])
            return after[-1] if verb and _GOVERNED.search(_just_before(clause, after[0])) else after[0]
        if after and re.match(r"[^,.;(\d]*$", clause[mark.end() : after[0].start]):
            return after[0]
        return before[-1] if before else None
    so = [*_SO.finditer(clause)]
    if so:
        before = [number for number in found if number.end <= so[-1].start()]
        after = [number for number in found if number.start >= so[-1].end()]
        if after and len(before) > 1:
            return after[0]
    return None


def _just_before(text: str, number: Number) -> str:
    return text[max(0, number.start - 80) : number.start]


def _guess(text: str, bare: str) -> Found:
    bold = [found[0] or found[1] for found in _BOLD.findall(text)]
    for emphasised in reversed(bold[-1:]):
        inside = [number for number in numbers(in_digits(plain(emphasised))) if not number.numbering]
        if len(inside) == 1:
            return Found(written(inside[0]), "emphasised", sure=False)
    kept = _COURTESY.sub("", bare)
    for sentence in reversed(_SENTENCE.split(kept if numbers(kept) else bare)):
        found = [number for number in numbers(sentence) if not number.numbering]
        denied = [mark.span() for mark in _NOT.finditer(sentence)]
        found = [one for one in found if not any(a <= one.start < b for a, b in denied)] or found
        if not found:
            continue
        result = (
            _restated(sentence, found)
            or _after_sum(sentence, found)
            or _result(sentence, found)
            or _total(sentence, found)
        )
        if result is not None:
            return Found(written(result), "result of the last sum", sure=False)
        free = [number for number in found if not _GOVERNED.search(_just_before(sentence, number))]
        return Found(written((free or found)[-1]), "last number", sure=False)
    rest = numbers(bare)
    return Found(written(rest[-1]), "last number", sure=False) if rest else NONE
