"""Finds the numbers in a text, as exact values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_CURRENCY = r"[$€£¥₹₽₩฿]|(?:US|HK|NT|A|C)\$|\b(?:USD|EUR|RMB|CNY|Rs\.?|INR)"
_WHOLE = (
    r"\d{1,3}(?:,\d{3})+(?!\d)|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d{1,3}(?:'\d{3})+(?!\d)|\d{1,3}(?:[ \u2009\u202f]\d{3})+(?![\d])"
    r"|\d{1,3}(?:_\d{3})+(?!\d)|\d+"
)
NUMBER = re.compile(
    rf"""
    (?<![A-Za-z0-9_^])(?<!\^\{{)(?<![A-Za-z]-)(?<!\d[.,/:])
    (?P<sign>(?<![\w)%\]])(?<![\d)%\]]\s)[-+](?=[\d.$€£¥₹])|(?<=[=:(])[-+]\s|(?<=[=:(]\s)[-+]\s)?
    (?:{_CURRENCY})?\s?(?P<inner>-(?=\d))?
    (?:
        (?P<european>\d{{1,3}}(?:\.\d{{3}})+,\d{{1,2}}|\d{{1,3}}(?:\.\d{{3}}){{2,}})(?![\d])
      | (?P<whole>{_WHOLE})(?P<decimals>\.\d+)?(?P<comma>(?<!\.),\d{{1,2}}(?![\d,]))?
      | (?P<point>\.\d+)
    )
    (?P<power>[eE][+-]?\d{{1,3}}(?![\w])|\s?(?:[×x*]|×)\s?10\s?(?:\^|\*\*)\s?\{{?\s?-?\d{{1,3}}\s?\}}?)?
    (?P<raised>\^\s?\{{?\s?-?\d{{1,2}}(?!\d)\s?\}}?)?
    (?:
        \s?/\s?(?P<below>\d+(?:\.\d+)?)(?![\d/])
      | \s(?:and\s)?(?P<above>\d+)\s?/\s?(?P<under>\d+)(?![\d/])
      | (?P<ordinal>(?:st|nd|rd|th)\b)
    )?
    (?P<percent>\s?(?:%|percent\b|per\s?cent\b|％))?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Number:
    """A number in a text, from `start` to `end`.

    `percent`: it has a percent sign, which `value` ignores: 20% is 20. `numbering`: it is an ordinal, or the number of
    an item or a step.
    """

    value: Fraction
    start: int
    end: int
    percent: bool = False
    numbering: bool = False


_NUMBERED = re.compile(
    r"(?:\b(?:step|question|problem|example|part|case|method|option|equation|eq|figure|no|chapter|line|stage)\.?\s*#?\(?|(?:^|\n)[ \t]*)$",
    re.IGNORECASE,
)


def numbers(text: str) -> list[Number]:
    """All numbers of `text`, in order. "1 / 4" is one number, and so is "3 1/2"."""
    return [number for mark in NUMBER.finditer(text) if (number := _number(text, mark)) is not None]


def _number(text: str, mark: re.Match[str]) -> Number | None:
    digits = mark["european"] or mark["whole"] or "0"
    if len(mark[0]) > 200:
        return None
    if mark["european"]:
        value = Fraction(digits.replace(".", "").replace(",", "."))
    else:
        whole = re.sub(r"[,' _\u2009\u202f]", "", digits)
        decimals = mark["decimals"] or mark["point"] or (mark["comma"] or "").replace(",", ".")
        value = Fraction(f"{whole}{decimals}")
    if mark["power"]:
        exponent = int(re.findall(r"-?\d+", mark["power"])[-1])
        value *= Fraction(10) ** exponent
    if mark["raised"]:
        exponent = int(re.findall(r"-?\d+", mark["raised"])[0])
        if len(digits) > 9 or (exponent < 0 and not value):
            return None
        value **= exponent
    if mark["below"]:
        below = Fraction(mark["below"])
        if not below:
            return None
        value /= below
    elif mark["above"]:
        if not int(mark["under"]):
            return None
        value += Fraction(int(mark["above"]), int(mark["under"]))
    if (mark["sign"] or "").startswith("-") or mark["inner"]:
        value = -value
    start = mark.start() + len(mark[0]) - len(mark[0].lstrip())
    before, after = text[max(0, start - 16) : start], text[mark.end() : mark.end() + 2]
    item = (
        bool(re.match(r"[.):](?:\s|$)", after))
        and bool(re.search(r"(?:^|\n)[ \t(]*$", before))
        and bool(text[mark.end() + 1 :].strip())
    )
    step = bool(re.search(r"[a-z]", before[-16:], re.IGNORECASE)) and bool(_NUMBERED.search(before))
    return Number(
        value, start, mark.end(), mark["percent"] is not None, bool(mark["ordinal"]) or item or step
    )


def value_of(text: str) -> Number | None:
    """The number that `text` consists of, possibly followed by a unit or words; None for other texts."""
    found = numbers(text)
    if len(found) != 1 or re.search(r"[A-Za-z\d=]", text[: found[0].start]):
        return None
    # The list 1,2,3 has one number by the rules above, and is none.
    if re.search(r"(?<![A-Za-z])\d", text[found[0].end :]):
        return None
    return found[0]


def written(number: Number) -> str:
    """A short decimal, or a fraction if the decimal would not end."""
    value = number.value
    if value.denominator == 1:
        text = (
            str(value.numerator)
            if abs(value) < 10**40
            else f"{value.numerator:.12e}"
            if abs(value) < 10**300
            else "huge"
        )
    elif _ends(value.denominator):
        text = f"{float(value):.12g}" if abs(value) > Fraction(1, 10**12) else str(float(value))
    else:
        text = f"{value.numerator}/{value.denominator}"
    return text + ("%" if number.percent else "")


def _ends(below: int) -> bool:
    """Whether a fraction with this denominator is a finite decimal."""
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    return below == 1


def equal(one: Number, other: Number) -> bool:
    """Whether two numbers are equal to six decimals. If only one has a percent sign, 20% equals both 20 and 0.2."""
    near = Fraction(1, 10**6)
    if abs(one.value - other.value) <= near:
        return True
    if one.percent == other.percent:
        return False
    shares = [n.value / 100 if n.percent else n.value for n in (one, other)]
    return abs(shares[0] - shares[1]) <= near / 100
