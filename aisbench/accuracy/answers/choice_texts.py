"""Finds a choice that an output names by its text instead of its letter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aisbench.accuracy.answers.plain import plain, unified


def choice_of_text(text: str, labels: str, texts: Sequence[str], *, whole: bool = False) -> str | None:
    """The letter of the only choice whose text occurs in `text`; None if none or several do.

    A choice is ignored if its text is part of a longer choice that occurs, or follows "not". `whole`: `text` must be
    nothing but the choice.
    """
    wanted = _words(text)
    found = {}
    for label, one in zip(labels, texts, strict=False):
        words = _words(one)
        if words and (words == wanted if whole else f" {words} " in f" {wanted} "):
            found[label] = words
    longest = {
        label: words
        for label, words in found.items()
        if not any(words != other and f" {words} " in f" {other} " for other in found.values())
    }
    denied = {
        label
        for label, words in longest.items()
        if re.search(rf"\bnot (?:the |an? )?{re.escape(words)}\b", wanted)
    }
    left = [label for label in longest if label not in denied]
    return left[0] if len(left) == 1 else None


def _words(text: str) -> str:
    """The words and operators of a text in lower case. Each Chinese, Japanese or Korean character is a word."""
    bare = re.sub(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])", r" \1 ", plain(unified(text)).casefold())
    return " ".join(re.findall(r"\w+(?:[.,/]\w+)*|-(?=\d)|[+*/=<>^%]", bare))
