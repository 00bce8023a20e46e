"""Injected faults: which request gets which, and what it gets instead of its answer."""

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
    """What becomes of a request once its fault has struck."""

    GOES_ON = "the rest of the answer follows"
    ENDS = "the response is over; the connection lives"
    SILENCE = "nothing follows, and the connection stays open"
    CLOSE = "the connection is closed"


class Faults:
    """Draws faults in the order in which requests come, so a seed and an order repeat them."""

    def __init__(self, parameters: Parameters) -> None:
        self.shares = parameters.faults
        self.huge_event_bytes = parameters.huge_event_bytes
        self.random = random.Random(f"{parameters.seed} faults")

    def draw(self) -> str | None:
        if not self.shares:
            return None
        drawn = self.random.random()
        for kind, share in self.shares.items():
            if drawn < share:
                return kind
            drawn -= share
        return None

    def in_stream(self, kind: str, answer: Answer, dialect: Dialect, index: int) -> tuple[bytes, After]:
        """What is sent instead of token `index`, and what follows."""
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
        """The body of an answer that is not streamed; of a cut one only half is sent.

        Raises Refusal for an error. What is huge is the text.
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
    """Raises Refusal for the faults that are an answer of their own."""
    if kind == "http-500":
        raise failure()
    if kind == "http-401":
        raise Refusal(401, _MESSAGE, "AuthenticationError")


def failure() -> Refusal:
    return Refusal(500, _MESSAGE, "InternalServerError")
