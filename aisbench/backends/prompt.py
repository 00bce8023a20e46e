"""The Prompt class: what one request asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Marks where the server's answer to an earlier turn goes in a recorded conversation. The character is
# from a private-use area, so no real text contains it.
ANSWER = "\ue0a1answer\ue0a1"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with its planned lengths in tokens; `output_tokens` None leaves the length to the server.

    The first of these that is set is sent: `body`, byte for byte; `token_ids` (only to a backend that
    takes them; `text` is then empty); `messages` (to a chat backend; `text` then holds the same for
    backends without roles); `text`.

    `media`: content parts that follow the text in a chat message. `documents`: what a reranker ranks
    against `text`. `texts`: the inputs of one embedding request, in place of `text`. `model`: replaces
    the run's model. `fields`: merged into this prompt's body last.
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
