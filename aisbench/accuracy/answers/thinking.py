"""Removes thinking blocks, which a model writes before its answer."""

from __future__ import annotations

import re

_NAMES = "think(?:ing)?|thoughts?|reasoning|reason|analysis|reflection|scratchpad|seed:think|inner_monologue"
# Each model family has its own marks. Any opening mark may go with any closing one.
_OPEN = rf"""
    <\s*(?:{_NAMES})(?:\s[^<>]*)?> | \[think\] | ◁think▷
  | <\|\s*(?:start_thinking|begin_of_thought|think(?:ing)?|thought)\s*\|>
  | (?:<\|start\|>\s*assistant\s*)?<\|channel\|?>\s*(?:analysis|commentary|thought|thinking)\b(?:[^<\n]*<\|message\|>)?
  | <unused94>\s*thought
"""
_CLOSE = rf"""
    <\s*/\s*(?:{_NAMES})\s*> | \[/think\] | ◁/think▷
  | <\|\s*(?:end_thinking|end_of_thought|/\s*(?:think(?:ing)?|thought))\s*\|>
  | (?:<\|(?:end|return|call)\|>\s*)?(?:<\|start\|>\s*assistant\s*)?<\|channel\|>\s*final\b\s*(?:<\|message\|>)?
  | <channel\|> | <unused95>
"""
_MARK = re.compile(rf"(?P<open>{_OPEN})|(?P<close>{_CLOSE})", re.IGNORECASE | re.VERBOSE)
# gpt-oss from a server that drops special tokens: only the names of the channels are left.
_BARE_CHANNELS = re.compile(r"\Aanalysis(?=[^\s:]|\s).*?assistant\s*final", re.DOTALL)


def without_thinking(text: str) -> str | None:
    """`text` without its thinking blocks; None if the last block is not finished, which means that there is no answer.

    A closing mark without an opening one belongs to a block that began in the prompt.
    """
    text = _BARE_CHANNELS.sub("", text, count=1)
    kept: list[str] = []
    at, inside = 0, False
    for mark in _MARK.finditer(text):
        if mark["close"] is not None:
            if not inside:
                kept.clear()
            at, inside = mark.end(), False
        elif not inside:
            kept.append(text[at : mark.start()])
            inside = True
    if inside:
        return None
    kept.append(text[at:])
    return "".join(kept)


def final_text(text: str) -> str:
    """`text` without its thinking blocks; empty if the last block is not finished."""
    return without_thinking(text) or ""
