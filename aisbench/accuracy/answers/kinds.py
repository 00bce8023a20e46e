"""Extracts the answer of an output by the rules for its kind of question, and compares it with the known one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from aisbench.accuracy.answers.choices import choice
from aisbench.accuracy.answers.equality import require
from aisbench.accuracy.answers.found import UNFINISHED, Found
from aisbench.accuracy.answers.mathematics import expression, same
from aisbench.accuracy.answers.numbers import equal, value_of
from aisbench.accuracy.answers.plain import own_turn, unified
from aisbench.accuracy.answers.quantities import quantity
from aisbench.accuracy.answers.thinking import without_thinking
from aisbench.accuracy.question import Answer, Scored

KINDS = ("gsm8k", "choice", "math", "aime", "gpqa")
# Only this many headings are tried: an output may repeat them endlessly, and its answer is before an early one.
_HEADINGS_TRIED = 4
_NEXT_QUESTION = re.compile(
    r"^[ \t]*[*#]*[ \t]*(?:(?:next |new )?(?:question|problem|exercise|example|Q)\s*\d*\s*[*]*\s*:|问题\s*\d*\s*:|题目\s*\d*\s*:|"
    r"(?:human|user|instruction)\s*:)",
    re.IGNORECASE | re.MULTILINE,
)


def score(
    kind: str, answer: Answer, gold: str, *, labels: str | None = None, choices: Sequence[str] = ()
) -> Scored:
    """Scores `answer` against `gold` by the rules of `kind` (one of KINDS).

    `labels`: the letters of the choices; None means "ABCD", or "ABCDEFGHIJ" if `gold` is a later letter. `choices`: the
    texts of the choices in the same order, so that an answer can name them too. Raises BadInput if the kind needs
    math-verify and it is not installed.
    """
    assert kind in KINDS
    gold = gold.strip()
    if kind in ("math", "aime"):
        require()
    text = without_thinking(answer.text)
    if text is None:
        return _scored(UNFINISHED, correct=False)
    text = own_turn(unified(text))
    letters = labels or ("ABCD" if gold.upper() in "ABCD" else "ABCDEFGHIJ")
    found = _first_turn(kind, text, letters, choices)
    if found.text is None:
        return _scored(found, correct=False)
    if kind in ("choice", "gpqa"):
        return _scored(found, correct=found.text == gold.strip("()").upper())
    if kind == "gsm8k":
        return _scored(found, correct=_same_number(found.text, gold))
    right = same(gold, found.text)
    if right is None:
        found = Found(found.text, f"{found.rule}; comparing took too long", sure=False)
    return _scored(found, correct=bool(right))


def _first_turn(kind: str, text: str, letters: str, choices: Sequence[str]) -> Found:
    """The answer in the text before a question that the model made up, or in the whole text if there is none."""
    for mark in itertools.islice(_NEXT_QUESTION.finditer(text), _HEADINGS_TRIED):
        found = _extracted(kind, text[: mark.start()], letters, choices)
        if found.text is not None:
            return found
    return _extracted(kind, text, letters, choices)


def _extracted(kind: str, text: str, letters: str, choices: Sequence[str]) -> Found:
    if kind in ("choice", "gpqa"):
        return choice(text, letters, choices)
    return quantity(text) if kind == "gsm8k" else expression(text)


def _same_number(found: str, gold: str) -> bool:
    sides = value_of(found), value_of(unified(gold))
    return found == gold or (sides[0] is not None and sides[1] is not None and equal(sides[0], sides[1]))


def _scored(found: Found, *, correct: bool) -> Scored:
    return Scored(found.text, correct, float(correct), found.rule, found.sure)
