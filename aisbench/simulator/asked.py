"""A request body, taken apart as an OpenAI-compatible server does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from aisbench.simulator.parameters import Parameters

# OpenAI's default for completions; here for chat as well.
DEFAULT_TOKENS = 16


class Refusal(Exception):
    """An answer other than 200, with vLLM's error object as its body."""

    def __init__(
        self, status: int, message: str, kind: str = "BadRequestError", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(status, message, kind, param)


def error_body(status: int, message: str, kind: str, param: str | None = None) -> bytes:
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": status}})


@dataclass(frozen=True)
class Asked:
    """What counts of a request; all else in the body is ignored."""

    chat: bool
    prompt_tokens: int
    max_tokens: int
    stream: bool
    include_usage: bool
    ignore_eos: bool


def parse_body(body: bytes, *, chat: bool, parameters: Parameters) -> Asked:
    """Raises Refusal with what vLLM would answer. A text has one token per word."""
    try:
        fields = orjson.loads(body)
    except ValueError as problem:
        raise Refusal(400, f"the body is not JSON: {problem}") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "the body is not a JSON object")
    model = fields.get("model")
    if model not in (None, parameters.model):
        raise Refusal(404, f"The model `{model}` does not exist.", "NotFoundError", "model")
    prompt_tokens = chat_tokens(fields.get("messages")) if chat else prompt_length(fields.get("prompt"))
    if prompt_tokens < 1:
        raise Refusal(400, "the prompt is empty", param="messages" if chat else "prompt")
    max_tokens = wanted_tokens(fields, chat)
    if prompt_tokens + max_tokens > parameters.context_tokens:
        raise Refusal(
            400,
            f"This model's maximum context length is {parameters.context_tokens} tokens. However, you requested "
            f"{prompt_tokens + max_tokens} tokens ({prompt_tokens} in the messages, {max_tokens} in the "
            "completion). Please reduce the length of the messages or completion.",
            param="max_tokens",
        )
    options = fields.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise Refusal(400, "stream_options must be an object", param="stream_options")
    return Asked(
        chat=chat,
        prompt_tokens=prompt_tokens,
        max_tokens=max_tokens,
        stream=bool(fields.get("stream")),
        include_usage=bool(options and options.get("include_usage")),
        ignore_eos=bool(fields.get("ignore_eos")),
    )


def wanted_tokens(fields: dict[str, Any], chat: bool) -> int:
    names = ("max_completion_tokens", "max_tokens") if chat else ("max_tokens",)
    name, wanted = next(((n, fields[n]) for n in names if fields.get(n) is not None), ("", DEFAULT_TOKENS))
    if type(wanted) is not int or wanted < 1:
        raise Refusal(400, f"{name} must be at least 1, got {wanted}.", param=name)
    return wanted


def prompt_length(prompt: Any) -> int:
    """Of a text, a list of token ids, or a list with one of these."""
    if isinstance(prompt, str):
        return len(prompt.split())
    if isinstance(prompt, list) and prompt:
        if all(type(token) is int for token in prompt):
            return len(prompt)
        if len(prompt) == 1:
            return prompt_length(prompt[0])
    raise Refusal(
        400, "prompt must be a text, a list of token ids, or a list with one of these", param="prompt"
    )


def chat_tokens(messages: Any) -> int:
    """Words in all messages; there is no chat template that would add any."""
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "messages must be a list with at least one message", param="messages")
    total = 0
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(parts, list):
            raise Refusal(400, "each message needs a content: a text, or a list of parts", param="messages")
        for part in parts:
            text = part.get("text") if isinstance(part, dict) and part.get("type", "text") == "text" else None
            if not isinstance(text, str):
                raise Refusal(
                    400, 'the parts of a content must be {"type": "text", "text": ...}', param="messages"
                )
            total += len(text.split())
    return total
