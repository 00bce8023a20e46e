"""One thing to ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with its planned lengths in tokens.

    It is sent as `token_ids` where those are given (only to a backend that takes them; `text` is
    then empty), else as `text`.
    """

    text: str
    prompt_tokens: int
    output_tokens: int
    token_ids: tuple[int, ...] | None = None
