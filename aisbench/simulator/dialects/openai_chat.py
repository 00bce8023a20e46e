"""OpenAI chat completions: `/v1/chat/completions`, as vLLM answers it."""

from __future__ import annotations

from typing import Any

import orjson

from aisbench.simulator.asked import (
    Asked,
    Fields,
    Refusal,
    check_length,
    object_in,
    served_model,
    wanted_tokens,
)
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.dialects.openai import refuse, usage
from aisbench.simulator.dialects.openai_completions import Completion
from aisbench.simulator.framing import MARK, STREAM_HEAD, Envelope, chunk
from aisbench.simulator.model.parameters import Parameters

# The types of content parts, here and in /v1/responses.
_TEXTS = ("text", "input_text", "output_text")
_IMAGES = ("image_url", "input_image")


def parse(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    model = served_model(fields.get("model"), parameters)
    prompt_tokens = message_tokens(fields.get("messages"), parameters, "messages")
    max_tokens = wanted_tokens(fields, "max_completion_tokens", "max_tokens")
    check_length(prompt_tokens, max_tokens, parameters, ("messages", "max_tokens"))
    return Asked(
        prompt_tokens,
        max_tokens,
        model,
        stream=bool(fields.get("stream")),
        wants_usage=bool(object_in(fields, "stream_options").get("include_usage")),
        ignore_eos=bool(fields.get("ignore_eos")),
        prompt=fields.get("messages"),
    )


def message_tokens(messages: Any, parameters: Parameters, param: str) -> int:
    """The words in all messages, plus a fixed number for each image; there is no chat template. Raises Refusal."""
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, f"{param} must be a list with at least one message", param=param)
    total = 0
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            total += len(content.split())
        elif content is None and isinstance(message, dict) and message.get("tool_calls"):
            total += len(str(message["tool_calls"]).split())
        elif isinstance(content, list):
            total += sum(_part_tokens(part, parameters, param) for part in content)
        else:
            raise Refusal(400, "each message needs a content: a string, or a list of parts", param=param)
    return total


def _part_tokens(part: Any, parameters: Parameters, param: str) -> int:
    if isinstance(part, dict):
        kind, text, image = part.get("type", "text"), part.get("text"), part.get("image_url")
        if kind in _TEXTS and isinstance(text, str):
            return len(text.split())
        url = image.get("url") if isinstance(image, dict) else image
        if kind in _IMAGES and isinstance(url, str) and url:
            return parameters.image_tokens
    raise Refusal(
        400,
        'each part of a content must be {"type": "text", "text": ...} or '
        '{"type": "image_url", "image_url": {"url": ...}}',
        param=param,
    )


class _Chat(Completion):
    __slots__ = ("reasoning",)

    initials = "chatcmpl"
    kind = "chat.completion.chunk"

    def prepare(self) -> None:
        super().prepare()
        self.reasoning = self.content
        if self.parameters.reasoning_tokens:
            self.reasoning = Envelope(self.shaped({"reasoning_content": MARK}), longest=self.longest)

    def event(self, text: str, reason: str | None = None) -> bytes:
        return self.shaped({"content": text}, reason)

    def shaped(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice: dict[str, Any] = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        if reason is not None:
            choice["stop_reason"] = None
        return orjson.dumps({**self.common, "choices": [choice]})

    def opening(self) -> bytes:
        """The response head, and a chunk with only the role."""
        return STREAM_HEAD + chunk(self.shaped({"role": "assistant", "content": ""}))

    def token(self, index: int) -> bytes:
        envelope = self.reasoning if index < self.parameters.reasoning_tokens else self.content
        word = self.escaped[(self.first_word + index) % len(self.escaped)]
        return envelope.heads[len(word)] + word + envelope.tail

    def last_token(self, index: int, reason: str) -> bytes:
        field = "reasoning_content" if index < self.parameters.reasoning_tokens else "content"
        event = self.shaped({field: self.word(index).decode()}, reason)
        if self.parameters.usage_in_last_chunk:
            counts = usage(self.asked, index + 1)
            event = orjson.dumps({**orjson.loads(event), "usage": counts})
        return chunk(event)

    def whole(self, generated: int, reason: str, text: str | None = None) -> bytes:
        thought = min(generated, self.parameters.reasoning_tokens)
        content = self.text(thought, generated) if text is None else text
        return orjson.dumps(self.body(content, generated, reason))

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        thought = self.text(0, min(generated, self.parameters.reasoning_tokens)) or None
        message = {"role": "assistant", "content": text, "reasoning_content": thought}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": reason,
            "stop_reason": None,
        }
        return {
            **self.common,
            "object": "chat.completion",
            "choices": [choice],
            "usage": usage(self.asked, generated),
        }


CHAT = Dialect(parse, _Chat, refuse)
