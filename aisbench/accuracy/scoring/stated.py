"""Finds the short answer that a text states: after "Answer:", in a box, or as its only or last line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aisbench.accuracy.answers.cues import ANSWER_IN_WORDS

_STATED = re.compile(ANSWER_IN_WORDS, re.IGNORECASE | re.VERBOSE)
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
# Emphasis and quotation marks around an answer.
_AROUND = " \t*_`\"'“”‘’$"


@dataclass(frozen=True)
class Stated:
    """An answer. `rule`: where it was found; `sure`: False if nothing marks it as the answer."""

    text: str
    rule: str
    sure: bool


def stated_in(text: str) -> Stated | None:
    """The last answer that a text (without reasoning) states; None for an empty text."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    # The cues are written for ASCII's colon.
    ends = [found.end() for found in _STATED.finditer(text.replace("：", ":"))]
    # A cue with nothing after it states nothing.
    rest = next((rest for end in reversed(ends) if (rest := text[end:].lstrip(" *\n"))), "")
    if rest and (stated := _bare(rest.splitlines()[0])):
        return Stated(stated, "stated answer", True)
    if boxed := _BOXED.findall(text):
        return Stated(_bare(boxed[-1]), "box", True)
    if len(lines) == 1:
        return Stated(_bare(lines[0]), "only line", True)
    return Stated(_bare(lines[-1]), "last line", False)


def _bare(text: str) -> str:
    """`text` without a box, emphasis and quotation marks around it, and the full stop."""
    boxed = _BOXED.search(text)
    text = boxed[1] if boxed else text
    return text.strip(_AROUND).rstrip(".。").strip(_AROUND)
