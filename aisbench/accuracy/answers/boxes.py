r"""Finds answers between marks: LaTeX's \boxed{...}, and <answer>...</answer>."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOX = re.compile(r"\\+(?:boxed|fbox|framebox)(?![a-zA-Z])\s*")
# An escaped brace matches together with its backslash, so that it is not taken for a brace.
_BRACE = re.compile(r"\\[^a-zA-Z]|[{}]", re.DOTALL)
# `\\boxed 7` has one word and no braces.
_WORD = re.compile(r"[^\s$.,;{}]+")
_TAGS = re.compile(
    r"<\s*(answer|final_answer|final|ans|solution)\s*>(.{0,2000}?)(?:<\s*/\s*\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Marked:
    """A marked answer. `content`: None if the output ends inside the mark. `start`, `end`: its place in the text."""

    content: str | None
    start: int
    end: int


def boxes(text: str, depth: int = 0) -> list[Marked]:
    r"""The outermost boxes in order. The content of `\boxed{\boxed{7}}` is 7."""
    closing = _closings(text)
    found: list[Marked] = []
    for mark in _BOX.finditer(text):
        at = mark.end()
        if found and mark.start() < found[-1].end and found[-1].content is not None:
            continue
        if text.startswith("{", at):
            end = closing.get(at)
            content = None if end is None else text[at + 1 : end]
            found.append(Marked(_unwrapped(content, depth), mark.start(), at if end is None else end + 1))
        elif word := _WORD.match(text, at):
            found.append(Marked(word[0], mark.start(), word.end()))
    return found


def _unwrapped(content: str | None, depth: int) -> str | None:
    """The content of the inner box, if `content` is nothing but a box."""
    if content is None or depth > 2 or "box" not in content:
        return content
    inner = boxes(content, depth + 1)
    alone = len(inner) == 1 and content.strip() == content[inner[0].start : inner[0].end]
    return inner[0].content if alone else content


def _closings(text: str) -> dict[int, int]:
    """Maps the place of each opening brace to that of its closing brace. Escaped braces do not count."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for mark in _BRACE.finditer(text):
        if mark[0] == "{":
            opened.append(mark.start())
        elif mark[0] == "}" and opened:
            found[opened.pop()] = mark.start()
    return found


def tagged(text: str) -> list[Marked]:
    """The contents of answer tags, including one that is not closed."""
    return [Marked(mark[2], mark.start(), mark.end()) for mark in _TAGS.finditer(text)]
