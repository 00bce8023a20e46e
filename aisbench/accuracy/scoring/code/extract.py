"""Finds the code in an answer: a fenced block, or the whole answer."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

# A block without an end, as in an answer cut at the length limit, reaches to the end of the text.
_FENCED = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Code:
    """Code found in an answer. `rule`: where; `sure`: False if there were several candidates."""

    text: str
    rule: str
    sure: bool


def code_of(text: str, name: str) -> Code | None:
    """The code that defines the function `name` in an answer (without reasoning); None for an empty answer.

    Of several fenced blocks, the last one that defines `name` counts, because models correct themselves. If none does,
    the blocks are joined, because a helper and its use may be in two blocks.
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
    """Whether `code` defines a function or class `name`, or assigns it, at module level."""
    return (
        re.search(rf"^(?:(?:async )?def|class) {re.escape(name)}\b|^{re.escape(name)} *=", code, re.M)
        is not None
    )
