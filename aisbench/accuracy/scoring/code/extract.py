"""The code in an answer: a fenced block, or the whole answer."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

# A block that an answer cut by its length limit left open reaches to the end.
_FENCED = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Code:
    """`rule`: where it was found; `sure`: False where there were several places."""

    text: str
    rule: str
    sure: bool


def code_of(text: str, name: str) -> Code | None:
    """The code that defines the function `name` in an answer without reasoning; None for an answer without text.

    Of several fenced blocks, the last that defines `name`: models correct themselves. If none does, all of them
    together, as a helper and its use may stand in two.
    """
    if not text.strip():
        return None
    blocks = [textwrap.dedent(block) for _, block in _FENCED.findall(text)]
    defining = [block for block in blocks if defines(block, name)]
    if defining:
        return Code(defining[-1], "fenced block", len(defining) == 1)
    if blocks:
        return Code("\n".join(blocks), "fenced block", len(blocks) == 1)
    return Code(text, "whole answer", defines(text, name))


def defines(code: str, name: str) -> bool:
    """Whether `code` has a function or class `name`, or assigns it, at its outermost level."""
    return (
        re.search(rf"^(?:(?:async )?def|class) {re.escape(name)}\b|^{re.escape(name)} *=", code, re.M)
        is not None
    )
