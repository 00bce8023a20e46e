"""Finds the short answer that a text states: after "Answer:", in a box, or as its only or last line."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATED = re.compile(
    r"(?:\banswer\b(?:\*\*)?(?: is)?\s*[:：]|\banswer is\b|答案(?:是|为)?\s*[:：]?)", re.IGNORECASE
)
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
    after = [text[found.end() :].lstrip(" *\n") for found in _STATED.finditer(text)]
    stated = [_bare(rest.splitlines()[0]) for rest in after if rest]
    if stated and stated[-1]:
        return Stated(stated[-1], "stated answer", True)
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
