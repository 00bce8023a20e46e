"""Messages with roles, and the same as one text for backends without roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aisbench.backends.prompt import Prompt

NAMES = {"user": "User", "assistant": "Assistant"}

Message = Mapping[str, Any]


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or a list of parts of which those of text count."""
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)):
        return ""
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))


def as_text(messages: Sequence[Message]) -> str:
    """For a backend without roles. One message of the user is its text as it is; of several, each is

        User: ...
        Assistant: ...

    in lines of their own, a system message without a name before them, and `Assistant:` at the end,
    where the answer is to go on.
    """
    systems = [text_of(m.get("content")) for m in messages if m.get("role") in ("system", "developer")]
    others = [m for m in messages if m.get("role") not in ("system", "developer")]
    if len(others) == 1 and others[0].get("role") == "user":
        return "\n\n".join([*systems, text_of(others[0].get("content"))])
    lines = [
        f"{NAMES.get(str(m.get('role')), str(m.get('role')))}: {text_of(m.get('content'))}" for m in others
    ]
    return "\n\n".join([*systems, "\n".join([*lines, "Assistant:"])])


def with_system(prompt: Prompt, system: str, tokens: int) -> Prompt:
    """The prompt after a system message of `tokens` tokens.

    Its messages begin with it, its text has it and an empty line in front. Content parts move into the
    user's message, which is as vLLM's client sends it.
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
