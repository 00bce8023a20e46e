"""One thing to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Stands in a recorded conversation where the server's own answer to an earlier turn is to be put in.
# It is of a private-use area, so that no text means it.
ANSWER = "\ue0a1answer\ue0a1"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with its planned lengths in tokens; `output_tokens` None: as long as the server likes.

    It is sent as `body`, where that is given, byte for byte; else as `token_ids` where those are given
    (only to a backend that takes them; `text` is then empty); else as `messages` to a chat backend
    (`text` then holds the same for backends without roles); else as `text`.

    `media`: content parts that follow the text in a chat message. `documents`: what a reranker
    weighs against `text`. `texts`: what an embedding request asks for at once, instead of `text`.
    `model`: another model than the run's. `fields`: merged into this body, last of all.
    """

    text: str
    prompt_tokens: int
    output_tokens: int | None
    token_ids: tuple[int, ...] | None = None
    messages: tuple[Mapping[str, Any], ...] | None = None
    media: tuple[Mapping[str, Any], ...] = ()
    documents: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    model: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | None = None
