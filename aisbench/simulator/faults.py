"""Injected faults: draws a fault for each request and builds what is sent instead of its answer."""

from __future__ import annotations

import random
from enum import Enum

from aisbench.simulator.asked import Refusal
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect
from aisbench.simulator.model.parameters import Parameters

_MESSAGE = "injected fault"
HTML = b"<!doctype html><title>Sign in</title><h1>Sign in</h1>"


class After(Enum):
    """What happens to a request after its fault."""

    GOES_ON = "the rest of the answer follows"
    ENDS = "the response is over and the connection stays open"
    SILENCE = "nothing follows, and the connection stays open"
    CLOSE = "the connection is closed"


class Faults:
    """Draws faults in order of arrival: the same seed and order give the same faults."""

    def __init__(self, parameters: Parameters) -> None:
        self.shares = parameters.faults
        self.huge_event_bytes = parameters.huge_event_bytes
        self.random = random.Random(f"{parameters.seed} faults")

    def draw(self) -> str | None:
        """The kind of fault for the next request; None for no fault."""
        if not self.shares:
            return None
        drawn = self.random.random()
        for kind, share in self.shares.items():
            if drawn < share:
                return kind
            drawn -= share
        return None

    def in_stream(self, kind: str, answer: Answer, dialect: Dialect, index: int) -> tuple[bytes, After]:
        """Returns what to send instead of token `index`, and what follows."""
        if kind == "cut":
            token = answer.token(index)
            return token[: len(token) // 2], After.CLOSE
        if kind == "stall":
            return b"", After.SILENCE
        if kind == "malformed":
            return answer.broken_token(), After.GOES_ON
        if kind == "error-event":
            return answer.error_event(dialect.refuse(failure())[1]), After.ENDS
        return answer.huge_token(index, self.huge_event_bytes), After.GOES_ON

    def in_body(self, kind: str, answer: Answer, generated: int, reason: str) -> tuple[bytes, After]:
        """Returns the body of an answer that is not streamed, and what follows. Raises Refusal for an error.

        A huge event becomes a huge text. For a cut, the caller sends only half of the body.
        """
        if kind == "error-event":
            raise failure()
        if kind == "huge-event":
            return answer.whole(generated, reason, "x" * self.huge_event_bytes), After.ENDS
        body = answer.whole(generated, reason)
        if kind == "malformed":
            return body[: len(body) // 2], After.ENDS
        return body, After.SILENCE if kind == "stall" else After.CLOSE


def before_answer(kind: str) -> None:
    """Raises Refusal for the faults that replace the answer by an HTTP error."""
    if kind == "http-500":
        raise failure()
    if kind == "http-401":
        raise Refusal(401, _MESSAGE, "AuthenticationError")


def failure() -> Refusal:
    return Refusal(500, _MESSAGE, "InternalServerError")
