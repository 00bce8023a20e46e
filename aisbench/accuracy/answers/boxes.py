r"""Answers between marks: LaTeX's \boxed{...}, and <answer>...</answer>."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOX = re.compile(r"\\+(?:boxed|fbox|framebox)(?![a-zA-Z])\s*")
# An escaped brace is passed over together with its backslash.
_BRACE = re.compile(r"\\[^a-zA-Z]|[{}]", re.DOTALL)
# `\\boxed 7` holds one word.
_WORD = re.compile(r"[^\s$.,;{}]+")
_TAGS = re.compile(
    r"<\s*(answer|final_answer|final|ans|solution)\s*>(.{0,2000}?)(?:<\s*/\s*\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Marked:
    """`content` is None where the output ends inside the mark. `start`, `end`: its place in the text."""

    content: str | None
    start: int
    end: int


def boxes(text: str, depth: int = 0) -> list[Marked]:
    r"""The boxes in order; one within another counts as that one alone. Of `\boxed{\boxed{7}}` the content is 7."""
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
    """The content of the one box that is all of `content`, if it is."""
    if content is None or depth > 2 or "box" not in content:
        return content
    inner = boxes(content, depth + 1)
    alone = len(inner) == 1 and content.strip() == content[inner[0].start : inner[0].end]
    return inner[0].content if alone else content


def _closings(text: str) -> dict[int, int]:
    """Where each brace that is closed closes. Escaped ones are characters of the text."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for mark in _BRACE.finditer(text):
        if mark[0] == "{":
            opened.append(mark.start())
        elif mark[0] == "}" and opened:
            found[opened.pop()] = mark.start()
    return found


def tagged(text: str) -> list[Marked]:
    """What stands in answer tags; an answer whose tag is not closed counts."""
    return [Marked(mark[2], mark.start(), mark.end()) for mark in _TAGS.finditer(text)]
