"""The answer that an output states, by the kind of question: a number, a choice, mathematics."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aisbench.accuracy.question import Answer, Scored

KINDS = ("gsm8k", "choice", "math", "aime", "gpqa")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def score(
    kind: str, answer: Answer, gold: str, *, labels: str = "ABCD", choices: Sequence[str] = ()
) -> Scored:
    """`answer` against `gold`, by the rules of `kind` (one of KINDS)."""
    assert kind in KINDS
    if kind in ("choice", "gpqa"):
        letters = re.findall(rf"(?:Answer: |答案：)([{labels}])", answer.text)
        found = letters[-1] if letters else None
        return Scored(found, found == gold, float(found == gold), "stated letter" if found else "none")
    if kind in ("math", "aime"):
        boxed = re.findall(r"\\boxed\{(.+)\}", answer.text)
        found = boxed[-1] if boxed else None
        return Scored(found, found == gold, float(found == gold), "boxed" if found else "none")
    numbers = _NUMBER.findall(answer.text)
    if not numbers:
        return Scored(None, False, 0.0, "none")
    found = numbers[-1].replace(",", "")
    correct = float(found) == float(gold)
    return Scored(found, correct, float(correct), "last number", sure=False)
