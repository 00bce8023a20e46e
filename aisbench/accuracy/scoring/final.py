"""The part of an answer that is meant for the reader."""

from __future__ import annotations

_END, _START = "</think>", "<think>"


def final_text(text: str) -> str:
    """`text` after its thinking. Empty where the thinking never ends: that is no answer."""
    _, end, after = text.rpartition(_END)
    rest = after if end else text
    return rest.partition(_START)[0] if _START in rest else rest
