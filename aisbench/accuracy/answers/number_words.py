"""Converts English and Chinese number words to digits."""

from __future__ import annotations

import re
from fractions import Fraction

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fifth": 5,
    "fifths": 5,
}
_WORD = "|".join(sorted([*_SMALL, "hundred", "dozen", *_LARGE], key=len, reverse=True))
_ENGLISH = re.compile(
    rf"\b(?:(?:a|half a)\s+(?=hundred|dozen|{'|'.join(_LARGE)}))?(?:{_WORD})(?:(?:\s*-\s*|\s+and\s+|\s+)(?:{_WORD}))*\b"
    rf"(?:\s+and\s+(?:a|one)\s+(?P<part>half|third|quarter|fifth)\b|[\s-]+(?P<parts>{'|'.join(_PARTS)})\b)?",
    re.IGNORECASE,
)
_SCALED = re.compile(
    rf"(?<![\d,])(?P<number>\d[\d,]*+(?:\.\d++)?)(?:\s*-?\s*(?P<word>{'|'.join(_LARGE)}|hundred|dozen)s?\b|(?P<letter>[kKM])(?![\w]))"
)
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
_CHINESE = re.compile(
    rf"(?P<minus>负)?(?:(?<!\d)(?P<digits>\d++(?:\.\d++)?)(?P<myriad>[万亿百]|千(?![克米瓦卡]))|(?P<below>[{''.join(_DIGITS)}十百千万亿]+)分之"
    rf"(?P<above>[{''.join(_DIGITS)}十百千万亿]+)(?:点(?P<above_decimals>[{''.join(_DIGITS)}]+))?|(?P<words>[{''.join(_DIGITS)}十百千万亿]+)(?:点(?P<decimals>[{''.join(_DIGITS)}]+))?(?P<and_half>个?半)?)"
)
_PERCENT = re.compile(r"百分之(\d++(?:\.\d++)?)")
_MINUS = re.compile(r"\b(?:minus|negative)\s+(?=[$€£¥]?\s*[\d.])|负(?=\d)", re.IGNORECASE)


def in_digits(text: str) -> str:
    """`text` with its number words as digits: "twenty-three" as 23, 三百二十 as 320, "1.5 million" as 1500000."""
    text = _CHINESE.sub(_chinese, _PERCENT.sub(r"\1%", text))
    text = _SCALED.sub(_scaled, text)
    text = _ENGLISH.sub(_english, text)
    return _MINUS.sub("-", text)


def _english(found: re.Match[str]) -> str:
    words = re.findall(r"[a-z]+", found[0].lower())
    if words[0] == "hundred" or words[0] in _LARGE or words[0] == "dozen":
        return found[0]
    if words == ["one"]:
        # "One" is a number only if it is the whole statement, unlike in "this one".
        before, after = found.string[: found.start()].rstrip(), found.string[found.end() :].lstrip()
        ends = not after or after[0] in ".\n"
        return "1" if not before or before[-1] in ":=" or (ends and before.endswith(" is")) else found[0]
    total, group = 0, Fraction(0)
    part = found["part"] or found["parts"]
    half = words[:2] == ["half", "a"]
    counted = words[:-1] if part else words
    if found["part"]:
        counted = counted[:-1]
    for word in counted:
        if word in _SMALL:
            group += _SMALL[word]
        elif word in ("hundred", "dozen"):
            group = Fraction(group or 1) * (100 if word == "hundred" else 12)
        elif word in _LARGE:
            total += int((group or 1) * _LARGE[word])
            group = Fraction(0)
    value = Fraction(total) + group
    if half:
        value /= 2
    if found["parts"]:
        value /= _PARTS[found["parts"].lower()]
    elif found["part"]:
        value += Fraction(1, _PARTS[found["part"].lower()])
    return _written(value)


def _scaled(found: re.Match[str]) -> str:
    scale = (
        _LARGE.get(found["word"].lower(), 100 if found["word"].lower() == "hundred" else 12)
        if found["word"]
        else {"k": 10**3, "M": 10**6}[found["letter"].replace("K", "k")]
    )
    return _written(Fraction(found["number"].replace(",", "")) * scale)


def _chinese(found: re.Match[str]) -> str:
    sign = "-" if found["minus"] else ""
    if found["digits"]:
        return sign + _written(Fraction(found["digits"]) * (_MYRIADS | _UNITS)[found["myriad"]])
    if found["below"]:
        if found["below"] == "百":
            decimals = _digits(found["above_decimals"] or "")
            return f"{sign}{_chinese_integer(found['above'])}{decimals and '.'}{decimals}%"
        below = _chinese_integer(found["below"])
        return f"{sign}{_chinese_integer(found['above'])}/{below}" if below else found[0]
    words = found["words"]
    # A single character such as 一 or 万 is often part of another word: 一共, 万一.
    if len(words) == 1 and not found["decimals"] and not found["and_half"]:
        around = (
            found.string[max(0, found.start() - 2) : found.start()],
            found.string[found.end() : found.end() + 1],
        )
        after_cue = found.start() == 0 or around[0][-1:] in "是为:=有共需要要 得了剩"
        if words in "万亿千百" or not after_cue or re.match(r"[共起样般定些旦切直半点下]", around[1] or " "):
            return found[0]
    value = Fraction(_chinese_integer(words))
    if found["decimals"]:
        value += Fraction(f"0.{_digits(found['decimals'])}")
    if found["and_half"]:
        value += Fraction(1, 2)
    return sign + _written(value)


def _chinese_integer(words: str) -> int:
    if not any(word in _UNITS or word in _MYRIADS for word in words):
        return int(_digits(words)[:50])
    total, section, digit = 0, 0, 0
    for word in words[:50]:
        if word in _DIGITS:
            digit = _DIGITS[word]
        elif word in _UNITS:
            section += (digit or 1) * _UNITS[word]
            digit = 0
        else:
            total = (total + section + digit) * _MYRIADS[word]
            section = digit = 0
    return total + section + digit


def _digits(words: str) -> str:
    return "".join(str(_DIGITS[digit]) for digit in words)


def _written(value: Fraction) -> str:
    """A decimal if that is exact, otherwise a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return (
        f"{float(value):f}".rstrip("0")
        if rest == 1 and abs(value) < 10**9
        else f"{value.numerator}/{value.denominator}"
    )
