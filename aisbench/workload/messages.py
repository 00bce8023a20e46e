"""Converts messages with roles to plain text, for backends without roles, and adds system messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aisbench.backends.prompt import ANSWER, Prompt, results_in

NAMES = {"user": "User", "assistant": "Assistant", "tool": "Tool"}

Message = Mapping[str, Any]


def text_of(content: Any) -> str:
    """The text in a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)):
        return ""
    parts = (
        part if isinstance(part, str) else part.get("text", "")
        for part in content
        if isinstance(part, str | Mapping)
    )
    return "\n".join(map(str, parts))


def is_text(part: Any) -> bool:
    """Whether a part of a message's content is text, as opposed to an image or sound."""
    return isinstance(part, str) or (isinstance(part, Mapping) and "text" in part)


def as_text(messages: Sequence[Message]) -> str:
    """The messages as one text, for a backend without roles.

    A single user message is its own text. Several messages become

        User: ...
        Assistant: ...

    with any system message, unnamed, before them, and `Assistant:` at the end, where the answer continues. A live turn
    becomes the answer, and then its scripted results, since an answer that is text has no calls to choose them by.
    """
    systems = [text_of(m.get("content")) for m in messages if m.get("role") in ("system", "developer")]
    others = [m for m in messages if m.get("role") not in ("system", "developer")]
    if len(others) == 1 and others[0].get("role") == "user":
        return "\n\n".join([*systems, text_of(others[0].get("content"))])
    lines = [
        f"{NAMES.get(str(m.get('role')), str(m.get('role')))}: {text_of(m.get('content'))}"
        for m in _without_live_turns(others)
    ]
    return "\n\n".join([*systems, "\n".join([*lines, "Assistant:"])])


def _without_live_turns(messages: Sequence[Message]) -> Iterator[Message]:
    for message in messages:
        results = results_in(message.get("content"))
        if results is None:
            yield message
            continue
        yield {"role": "assistant", "content": ANSWER}
        yield from ({"role": "tool", "content": one["content"]} for one in results)


def with_system(prompt: Prompt, system: str, tokens: int) -> Prompt:
    """Puts a system message of `tokens` tokens before a prompt.

    It becomes the first message, and in the text it precedes the prompt and an empty line. Images and other media
    move into the user's message, as vLLM's client sends them.
    """
    messages = prompt.messages
    if messages is None:
        parts = [{"type": "text", "text": prompt.text}, *map(dict, prompt.media)]
        messages = ({"role": "user", "content": parts},)
    return replace(
        prompt,
        text=f"{system}\n\n{prompt.text}",
        messages=({"role": "system", "content": system}, *messages),
        media=(),
        prompt_tokens=prompt.prompt_tokens + tokens,
    )


def has_system(prompt: Prompt) -> bool:
    return any(message.get("role") in ("system", "developer") for message in prompt.messages or ())
