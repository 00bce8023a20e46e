"""An answer: the pieces of its stream, or its one body. Each API shapes its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import orjson

from aisbench.simulator.asked import Asked
from aisbench.simulator.framing import (
    DATA,
    DONE,
    ESCAPED_MARK,
    LAST_CHUNK,
    MARK,
    STREAM_HEAD,
    TOKENS,
    Envelope,
    chunk,
)
from aisbench.simulator.model.parameters import Parameters

# Answers begin at different words; a prime, so that neighbours do not begin near each other.
_STRIDE = 7919


class Answer(ABC):
    """The answer to one request. `number` makes its id and its text; `created` is Unix time in s.

    A stream is `opening`, then `token` for each token but the last, `last_token`, and `closing`; each
    returns bytes as they go to the socket. Subclasses shape the JSON.
    """

    __slots__ = ("asked", "content", "created", "first_word", "number", "parameters")

    # What stands before the data of an event, and what ends the stream.
    lead = DATA
    end = DONE + LAST_CHUNK

    def __init__(self, asked: Asked, number: int, created: int, parameters: Parameters) -> None:
        self.asked = asked
        self.number = number
        self.created = created
        self.parameters = parameters
        self.first_word = number * _STRIDE
        self.prepare()

    def prepare(self) -> None:
        """Makes what all tokens have in common."""
        self.content = Envelope(self.event(MARK), self.lead)

    @abstractmethod
    def event(self, text: str, reason: str | None = None) -> bytes:
        """The JSON of a token's event; `reason` says why it is the last."""

    @abstractmethod
    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        """The answer that is not streamed, as an object."""

    def word(self, index: int) -> bytes:
        return TOKENS[(self.first_word + index) % len(TOKENS)]

    def text(self, begin: int, end: int) -> str:
        return b"".join(self.word(i) for i in range(begin, end)).decode()

    def opening(self) -> bytes:
        """The response head, and the events that come before the first token."""
        return STREAM_HEAD

    def token(self, index: int) -> bytes:
        envelope = self.content
        word = TOKENS[(self.first_word + index) % len(TOKENS)]
        return envelope.heads[len(word)] + word + envelope.tail

    def last_token(self, index: int, reason: str) -> bytes:
        return chunk(self.event(self.word(index).decode(), reason), self.lead)

    def closing(self, generated: int, reason: str) -> bytes:
        """What follows the last token."""
        return self.end

    def whole(self, generated: int, reason: str, text: str | None = None) -> bytes:
        """The body of an answer that is not streamed; `text` replaces the generated one."""
        return orjson.dumps(self.body(self.text(0, generated) if text is None else text, generated, reason))

    # What faults send instead of a token

    def huge_token(self, index: int, size_bytes: int) -> bytes:
        """An event of `size_bytes`, as far as its envelope is not larger."""
        before, _, after = self.event(MARK).partition(ESCAPED_MARK)
        return chunk(before + b"x" * (size_bytes - len(before) - len(after)) + after, self.lead)

    def broken_token(self) -> bytes:
        """An event that is not JSON."""
        return chunk(b'{"choices": [{"text": ', self.lead)

    def error_event(self, error: bytes) -> bytes:
        """A failure in the middle of a stream, and its end."""
        return chunk(error, self.lead) + self.end
