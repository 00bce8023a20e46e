"""The Prompt class: what one request asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Marks where the server's answer to an earlier turn goes in a recorded conversation. The character is
# from a private-use area, so no real text contains it.
ANSWER = "\ue0a1answer\ue0a1"
# Stands for the id of the answer to the turn that a request continues, where the server keeps what was said before.
PREVIOUS = "\ue0a3previous\ue0a3"
# Encloses the scripted tool results of a live turn.
LIVE = "\ue0a2live\ue0a2"


def live_turn(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The message that stands for an assistant's turn that may call tools, and for the results of its calls.

    `results`: those of the recorded turn, in order, each `{"name": the tool's or None, "content": text}`. During the
    run, the message becomes the server's answer to the earlier turn, with its tool calls, followed by a result for each
    call: the next one of the same name, else the next one left, else a short default (history.NO_RESULT). If the answer
    has no tool call, the results are left out.
    """
    kept = [{"name": one.get("name"), "content": one["content"]} for one in results]
    return {"role": "assistant", "content": f"{LIVE}{json.dumps(kept)}{LIVE}"}


def results_in(content: Any) -> list[Any] | None:
    """The scripted results in the content of a message made by live_turn; None for any other content."""
    if not isinstance(content, str) or not content.startswith(LIVE):
        return None
    found: list[Any] = json.loads(content.removeprefix(LIVE).removesuffix(LIVE))
    return found


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
