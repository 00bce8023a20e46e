"""Reads the verdict in a judge's answer."""

from __future__ import annotations

import re
import unicodedata

from aisbench.accuracy.answers.thinking import final_text
from aisbench.accuracy.question import Answer

# The letters are those of AISBench's and SimpleQA's prompts: A correct, B incorrect, C not attempted.
_RIGHT = frozenset(["correct", "right", "true", "yes", "a", "正确"])
_WRONG = frozenset(
    ["incorrect", "not correct", "wrong", "false", "no", "not attempted", "b", "c", "错误", "不正确"]
)
_WORD = "|".join(
    word.replace(" ", "[ _-]") for word in sorted(_RIGHT | _WRONG, key=lambda word: (-len(word), word))
)
# Quotes, brackets, Markdown and LaTeX around a word.
_WRAP = r"(?:[\s\"'`*_()\[\]{}<>$\\]|boxed|text(?:bf)?(?=\{))*"
_LABELLED = re.compile(
    r"(?<![^\W_])(?:verdict|judge?ment|grade|correct(?:ness)?|判定|判断|结论)"
    rf"{_WRAP}(?:[:=]|[-–—]+|\bis\b){_WRAP}(?P<word>{_WORD})(?![^\W_])",
    re.IGNORECASE,
)
# What may follow a verdict; anything else makes it a part of a sentence: "the grade is A minus".
_AFTER = re.compile(r"[\s#\"'`*_)\]}>$]*(?:$|[.,;:!(]|[-–—]\s|(?:because|since|as)\b)", re.IGNORECASE)
_ALONE = re.compile(
    rf"{_WRAP}[#-]*{_WRAP}(?P<word>{_WORD})(?![^\W_]){_WRAP}(?:[.:-]?{_WRAP}(?P<again>{_WORD}))?{_WRAP}[.!]?{_WRAP}",
    re.IGNORECASE,
)
# A longer line is not a verdict alone.
_LONGEST = 80


def words_of(answer: Answer) -> str:
    """What the judge said, without its thinking."""
    return final_text(answer.text).strip()


def verdict_of(answer: Answer) -> bool | None:
    """True for correct, False for incorrect, None if neither is stated clearly.

    A word or a letter alone in the last line is the verdict; else the last line with a label decides, such as
    `VERDICT: CORRECT`.
    """
    text = unicodedata.normalize("NFKC", words_of(answer))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and len(lines[-1]) <= _LONGEST and (alone := _ALONE.fullmatch(lines[-1])):
        return _agreed({alone["word"], alone["again"] or alone["word"]})
    for line in reversed(lines):
        if found := list(_LABELLED.finditer(line)):
            clear = _AFTER.match(line, found[-1].end())
            return _agreed({one["word"] for one in found}) if clear else None
    return None


def _agreed(words: set[str]) -> bool | None:
    """What all of `words` say; None if they contradict each other."""
    said = {re.sub("[_-]", " ", word.lower()) in _RIGHT for word in words}
    return said.pop() if len(said) == 1 else None
