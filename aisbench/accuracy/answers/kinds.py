"""The answer that an output states, by the kind of question: a number, a choice, mathematics."""

from __future__ import annotations

import re

from aisbench.accuracy.question import Answer, Scored

KINDS = ("gsm8k",)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def score(kind: str, answer: Answer, gold: str) -> Scored:
    """`answer` against `gold`, by the rules of `kind` (one of KINDS)."""
    assert kind in KINDS
    numbers = _NUMBER.findall(answer.text)
    if not numbers:
        return Scored(None, False, 0.0, "none")
    found = numbers[-1].replace(",", "")
    correct = float(found) == float(gold)
    return Scored(found, correct, float(correct), "last number", sure=False)
