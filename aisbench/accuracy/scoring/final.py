"""The part of an answer that is meant for the reader."""

from __future__ import annotations

_END, _START = "</think>", "<think>"


def final_text(text: str) -> str:
    """`text` after its thinking. Empty where the thinking never ends: that is no answer."""
    return text.rpartition(_END)[2].partition(_START)[0]
