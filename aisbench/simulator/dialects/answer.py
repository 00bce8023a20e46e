"""The base of all answers: the pieces of a stream, or one body. Each API has a subclass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import orjson

from aisbench.simulator.asked import Asked
from aisbench.simulator.framing import (
    DATA,
    DONE,
    ESCAPED_MARK,
    LAST_CHUNK,
    LONGEST_TOKEN,
    MARK,
    STREAM_HEAD,
    TOKENS,
    Envelope,
    chunk,
)
from aisbench.simulator.model.parameters import Parameters

# Consecutive answers begin this many words apart; a prime, so that their beginnings do not repeat soon.
_STRIDE = 7919


class Answer(ABC):
    """The answer to one request. `number` determines its id and text; `created` is Unix time in s.

    A stream is `opening`, then `token` for every token but the last, `last_token`, and `closing`. Each returns the
    bytes to write to the socket. Subclasses define the JSON.
    """

    __slots__ = (
        *("asked", "content", "created", "escaped", "first_word"),
        *("longest", "number", "parameters", "plain", "wrong"),
    )

    # The bytes before the data of an event, and those that end the stream.
    lead = DATA
    end = DONE + LAST_CHUNK

    def __init__(self, asked: Asked, number: int, created: int, parameters: Parameters) -> None:
        self.asked = asked
        self.number = number
        self.created = created
        self.parameters = parameters
        # Words of the built-in list look the same in JSON.
        self.plain: Sequence[bytes] = TOKENS
        self.escaped: Sequence[bytes] = TOKENS
        self.longest = LONGEST_TOKEN
        self.first_word = number * _STRIDE
        self.wrong = False
        if asked.known is not None:
            self.plain, self.escaped = asked.known.plain, asked.known.escaped
            self.longest, self.first_word = asked.known.longest, 0
        self.prepare()

    def prepare(self) -> None:
        """Builds the part that all tokens share."""
        self.content = Envelope(self.event(MARK), self.lead, self.longest)

    def go_wrong(self, index: int) -> bool:
        """Makes a known answer wrong from token `index` on; False where it is wrong already or not known."""
        if self.wrong or self.asked.known is None:
            return False
        known = self.asked.known.wrong_from(index)
        self.plain, self.escaped, self.wrong = known.plain, known.escaped, True
        return True

    @abstractmethod
    def event(self, text: str, reason: str | None = None) -> bytes:
        """The JSON of a token's event; `reason`: the finish reason, for the last token."""

    @abstractmethod
    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        """The answer without streaming, as an object."""

    def word(self, index: int) -> bytes:
        return self.plain[(self.first_word + index) % len(self.plain)]

    def escaped_word(self, index: int) -> bytes:
        """As it stands in JSON."""
        return self.escaped[(self.first_word + index) % len(self.escaped)]

    def text(self, begin: int, end: int) -> str:
        return b"".join(self.word(i) for i in range(begin, end)).decode()

    def opening(self) -> bytes:
        """The response head and the events before the first token."""
        return STREAM_HEAD

    def token(self, index: int) -> bytes:
        envelope = self.content
        word = self.escaped[(self.first_word + index) % len(self.escaped)]
        return envelope.heads[len(word)] + word + envelope.tail

    def last_token(self, index: int, reason: str) -> bytes:
        return chunk(self.event(self.word(index).decode(), reason), self.lead)

    def closing(self, generated: int, reason: str) -> bytes:
        """The bytes after the last token."""
        return self.end

    def whole(self, generated: int, reason: str, text: str | None = None) -> bytes:
        """The body of the answer without streaming; `text` replaces the generated text."""
        return orjson.dumps(self.body(self.text(0, generated) if text is None else text, generated, reason))

    # Injected faults

    def huge_token(self, index: int, size_bytes: int) -> bytes:
        """An event of `size_bytes`, or of its envelope alone if that is larger."""
        before, _, after = self.event(MARK).partition(ESCAPED_MARK)
        return chunk(before + b"x" * (size_bytes - len(before) - len(after)) + after, self.lead)

    def broken_token(self) -> bytes:
        """An event that is not JSON."""
        return chunk(b'{"choices": [{"text": ', self.lead)

    def error_event(self, error: bytes) -> bytes:
        """An error in the middle of a stream, followed by the end of the stream."""
        return chunk(error, self.lead) + self.end
