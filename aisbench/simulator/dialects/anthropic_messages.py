"""Anthropic messages: `/v1/messages`, with the event types of Anthropic's API."""

from __future__ import annotations

from typing import Any

import orjson

from aisbench.simulator.asked import (
    Asked,
    Fields,
    Refusal,
    check_length,
    served_model,
    wanted_tokens,
)
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.framing import LAST_CHUNK, MARK, STREAM_HEAD, Envelope, chunk
from aisbench.simulator.model.parameters import Parameters

_DELTA = "content_block_delta"
_KINDS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error"}


def parse(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    model = served_model(fields.get("model"), parameters)
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "messages must be a list with at least one message", param="messages")
    if fields.get("max_tokens") is None:
        raise Refusal(400, "max_tokens: Field required", param="max_tokens")
    prompt_tokens = _tokens(fields.get("system"), parameters)
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise Refusal(400, "each message needs the role user or assistant", param="messages")
        if not message.get("content"):
            raise Refusal(400, "messages: text content blocks must be non-empty", param="messages")
        prompt_tokens += _tokens(message["content"], parameters)
    max_tokens = wanted_tokens(fields, "max_tokens")
    check_length(prompt_tokens, max_tokens, parameters, ("messages", "max_tokens"))
    return Asked(
        prompt_tokens,
        max_tokens,
        model,
        stream=bool(fields.get("stream")),
        prompt=[fields.get("system"), messages],
    )


def _tokens(content: Any, parameters: Parameters) -> int:
    """The words in a content: a string, or a list of blocks; a fixed number for each image."""
    if isinstance(content, str):
        return len(content.split())
    if not isinstance(content, list):
        return 0
    total = 0
    for block in content:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "image":
            total += parameters.image_tokens
        elif kind == "text":
            total += _tokens(block.get("text"), parameters)
        elif kind == "tool_result":
            total += _tokens(block.get("content"), parameters)
        elif kind == "tool_use":
            total += len(str(block.get("input")).split()) + 1
        else:
            raise Refusal(400, f"messages: unknown content block {kind!r}", param="messages")
    return total


def refuse(refusal: Refusal) -> tuple[int, bytes]:
    kind = _KINDS.get(refusal.status, "api_error")
    return refusal.status, orjson.dumps(
        {"type": "error", "error": {"type": kind, "message": refusal.message}}
    )


class Message(Answer):
    """Each event has an `event:` line with its type. Thinking is a content block before that of the text."""

    __slots__ = ("thinking",)

    lead = b"event: content_block_delta\ndata: "
    end = LAST_CHUNK

    def prepare(self) -> None:
        super().prepare()
        self.thinking = self.content
        if self.parameters.reasoning_tokens:
            self.thinking = Envelope(self.delta(MARK, thinks=True), self.lead, self.longest)

    def event(self, text: str, reason: str | None = None) -> bytes:
        return self.delta(text, thinks=False)

    def delta(self, text: str, *, thinks: bool) -> bytes:
        kind, name = ("thinking_delta", "thinking") if thinks else ("text_delta", "text")
        event = {"type": _DELTA, "index": self.block(thinks=thinks), "delta": {"type": kind, name: text}}
        return orjson.dumps(event)

    def block(self, *, thinks: bool) -> int:
        """The index of the block of the text or of the thinking."""
        return 0 if thinks or not self.parameters.reasoning_tokens else 1

    def opening(self) -> bytes:
        message = {**self.message([], None), "usage": {**self.usage(1)}}
        return (
            STREAM_HEAD
            + _named("message_start", message=message)
            + self.begins(thinks=bool(self.parameters.reasoning_tokens))
            + _named("ping")
        )

    def begins(self, *, thinks: bool) -> bytes:
        empty = (
            {"type": "thinking", "thinking": "", "signature": ""} if thinks else {"type": "text", "text": ""}
        )
        return _named("content_block_start", index=self.block(thinks=thinks), content_block=empty)

    def token(self, index: int) -> bytes:
        thinking = self.parameters.reasoning_tokens
        word = self.escaped_word(index)
        if index < thinking:
            return self.thinking.heads[len(word)] + word + self.thinking.tail
        begins = b""
        if thinking and index == thinking:
            begins = _named("content_block_stop", index=0) + self.begins(thinks=False)
        return begins + self.content.heads[len(word)] + word + self.content.tail

    def last_token(self, index: int, reason: str) -> bytes:
        """Like any other token: separate events in `closing` announce the end."""
        return self.token(index)

    def closing(self, generated: int, reason: str) -> bytes:
        thinks = generated <= self.parameters.reasoning_tokens
        delta = {"stop_reason": _stop_reason(reason), "stop_sequence": None}
        return (
            _named("content_block_stop", index=self.block(thinks=thinks))
            + _named("message_delta", delta=delta, usage=self.usage(generated))
            + _named("message_stop")
            + self.end
        )

    def whole(self, generated: int, reason: str, text: str | None = None) -> bytes:
        thought = min(generated, self.parameters.reasoning_tokens)
        said = self.text(thought, generated) if text is None else text
        return orjson.dumps(self.body(said, generated, reason))

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        thought = min(generated, self.parameters.reasoning_tokens)
        blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        if thought:
            blocks.insert(0, {"type": "thinking", "thinking": self.text(0, thought), "signature": ""})
        return {**self.message(blocks, _stop_reason(reason)), "usage": self.usage(generated)}

    def message(self, blocks: list[dict[str, Any]], stop_reason: str | None) -> dict[str, Any]:
        return {
            "id": f"msg_{self.number:024x}",
            "type": "message",
            "role": "assistant",
            "model": self.asked.model,
            "content": blocks,
            "stop_reason": stop_reason,
            "stop_sequence": None,
        }

    def usage(self, generated: int) -> dict[str, int]:
        cached = self.asked.cached_tokens
        counts = {"input_tokens": self.asked.prompt_tokens - (cached or 0), "output_tokens": generated}
        if cached is not None:
            counts |= {"cache_creation_input_tokens": 0, "cache_read_input_tokens": cached}
        return counts

    def error_event(self, error: bytes) -> bytes:
        return chunk(error, b"event: error\ndata: ") + self.end


def _stop_reason(reason: str) -> str:
    return "max_tokens" if reason == "length" else "end_turn"


def _named(kind: str, **fields: Any) -> bytes:
    return chunk(orjson.dumps({"type": kind, **fields}), b"event: %b\ndata: " % kind.encode())


MESSAGES = Dialect(parse, Message, refuse)
