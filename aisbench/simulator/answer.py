"""The bytes of an answer, as vLLM shapes them. The envelope is made once per request, so a token costs two joins."""

from __future__ import annotations

from typing import Any

import orjson

from aisbench.simulator.asked import Asked
from aisbench.workload.words import WORDS

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)
STREAM_END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
# Stands in an envelope where the token's text will be.
MARK = "\x1f"
ESCAPED_MARK = orjson.dumps(MARK)[1:-1]
TOKENS = tuple(b" " + word.encode() for word in WORDS)
LONGEST_TOKEN = max(map(len, TOKENS))
# Answers begin at different words; a prime, so that neighbours do not begin near each other.
STRIDE = 7919


def chunk(event: bytes) -> bytes:
    """An SSE event as one HTTP chunk."""
    return b"%x\r\ndata: %b\n\n\r\n" % (len(event) + 8, event)


class Envelope:
    """What stands around the text of a token: JSON, SSE and the HTTP chunk, whose size names its length."""

    __slots__ = ("after", "before", "heads", "tail")

    def __init__(self, event: bytes) -> None:
        self.before, _, self.after = event.partition(ESCAPED_MARK)
        size = len(self.before) + len(self.after) + 8
        self.heads = tuple(b"%x\r\ndata: %b" % (size + n, self.before) for n in range(LONGEST_TOKEN + 1))
        self.tail = self.after + b"\n\n\r\n"


class Answer:
    """The events of one request, or its one body. `number` makes id and text."""

    __slots__ = ("asked", "common", "content", "first_word", "reasoning", "reasoning_tokens")

    def __init__(self, asked: Asked, number: int, created: int, model: str, reasoning_tokens: int) -> None:
        self.asked = asked
        self.first_word = number * STRIDE
        # Only chat has a field for reasoning.
        self.reasoning_tokens = reasoning_tokens if asked.chat else 0
        self.common = {
            "id": f"{'chatcmpl' if asked.chat else 'cmpl'}-{number:016x}",
            "object": "chat.completion.chunk" if asked.chat else "text_completion",
            "created": created,
            "model": model,
        }
        self.content = Envelope(self.event("content", MARK, None))
        self.reasoning = (
            Envelope(self.event("reasoning_content", MARK, None)) if self.reasoning_tokens else self.content
        )

    def event(self, field: str, text: str, finish: str | None) -> bytes:
        if self.asked.chat:
            choice: dict[str, Any] = {
                "index": 0,
                "delta": {field: text},
                "logprobs": None,
                "finish_reason": finish,
            }
            if finish is not None:
                choice["stop_reason"] = None
            return orjson.dumps({**self.common, "choices": [choice]})
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish, "stop_reason": None}
        return orjson.dumps({**self.common, "choices": [choice], "usage": None})

    def word(self, index: int) -> bytes:
        return TOKENS[(self.first_word + index) % len(TOKENS)]

    def opening(self) -> bytes:
        """The response head, and for chat the chunk that only names the role."""
        if not self.asked.chat:
            return STREAM_HEAD
        delta = {"role": "assistant", "content": ""}
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]
        return STREAM_HEAD + chunk(orjson.dumps({**self.common, "choices": choices}))

    def token(self, index: int) -> bytes:
        envelope = self.reasoning if index < self.reasoning_tokens else self.content
        word = TOKENS[(self.first_word + index) % len(TOKENS)]
        return envelope.heads[len(word)] + word + envelope.tail

    def last_token(self, index: int, reason: str) -> bytes:
        field = "reasoning_content" if index < self.reasoning_tokens else "content"
        return chunk(self.event(field, self.word(index).decode(), reason))

    def huge_token(self, size_bytes: int) -> bytes:
        """An event of `size_bytes`, as far as its envelope is not larger."""
        text = b"x" * (size_bytes - len(self.content.before) - len(self.content.after))
        return chunk(self.content.before + text + self.content.after)

    def usage(self, generated: int) -> dict[str, int]:
        prompt = self.asked.prompt_tokens
        return {"prompt_tokens": prompt, "total_tokens": prompt + generated, "completion_tokens": generated}

    def closing(self, generated: int) -> bytes:
        """The usage, where it was asked for, and the end of the stream."""
        if not self.asked.include_usage:
            return STREAM_END
        event = orjson.dumps({**self.common, "choices": [], "usage": self.usage(generated)})
        return chunk(event) + STREAM_END

    def whole(self, generated: int, reason: str, text: str | None = None) -> bytes:
        """The body of an answer that is not streamed; `text` replaces the generated one."""
        if text is None:
            text = self.text(self.reasoning_tokens, generated)
        choice: dict[str, Any] = {"index": 0}
        if self.asked.chat:
            reasoning = self.text(0, min(generated, self.reasoning_tokens)) or None
            choice["message"] = {"role": "assistant", "content": text, "reasoning_content": reasoning}
        else:
            choice["text"] = text
        choice |= {"logprobs": None, "finish_reason": reason, "stop_reason": None}
        kind = "chat.completion" if self.asked.chat else "text_completion"
        return orjson.dumps(
            {**self.common, "object": kind, "choices": [choice], "usage": self.usage(generated)}
        )

    def text(self, begin: int, end: int) -> str:
        return b"".join(self.word(i) for i in range(begin, end)).decode()
