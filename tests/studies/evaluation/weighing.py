"""A server for lm-evaluation-harness: answers depend on the whole request, and given texts have log-probabilities."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from typing import ClassVar

from tests.studies.evaluation.answering import (
    JSON,
    STREAM,
    Body,
    RecordingServer,
    serving,
    stream_of,
    text_of,
)

# Not part of what is asked: how the answer is sent, and the backend's own fields that say nothing.
_UNMEANT = ("stream", "stream_options", "logprobs", "repetition_penalty", "model")


class WeighingServer(RecordingServer):
    """`way`: how it gives the log-probabilities of a prompt: echo, prompt_logprobs, or none.

    Requests whose text holds a text of `refuses` get 500.
    """

    listed: ClassVar[Body] = {"id": "made/up", "max_model_len": 2048}

    def __init__(self, way: str, refuses: list[str], hold_after: int | None) -> None:
        self.way = way
        self.refuses = refuses
        super().__init__(hold_after)

    def meant(self) -> list[str]:
        """What was asked, whatever client sent it, in an order of its own."""
        return sorted(map(meant, self.asked))

    def _answer(self, body: Body) -> tuple[int, Body | str]:
        if isinstance(body.get("prompt"), list):
            return self._weigh(body)
        if any(text in json.dumps(body) for text in self.refuses):
            return 500, {"error": {"message": "out of memory"}}
        return 200, answer_to(body)

    def _weigh(self, body: Body) -> tuple[int, Body | str]:
        # The harness's own client sends a list of one.
        ids: list[int] = body["prompt"][0] if isinstance(body["prompt"][0], list) else body["prompt"]
        tokens = [None, *(likelihood(ids[: at + 1]) for at in range(1, len(ids)))]
        # Every third token is the likeliest at its place.
        best = [
            None if one is None else one if ids[at] % 3 == 0 else one / 2 for at, one in enumerate(tokens)
        ]
        choice: Body = {"index": 0, "text": "x", "finish_reason": "length"}
        if self.way == "echo" and body.get("echo"):
            top = [None if one is None else {"t": one} for one in best]
            choice["logprobs"] = {"token_logprobs": [*tokens, -1.0], "top_logprobs": [*top, {"t": -1.0}]}
        elif self.way == "prompt_logprobs":
            if body.get("echo"):
                return 400, {"error": {"message": "echo is not supported"}}
            choice["prompt_logprobs"] = [
                None if one is None else {str(ids[at]): {"logprob": one}, "-1": {"logprob": best[at]}}
                for at, one in enumerate(tokens)
            ]
        return 200, {"choices": [choice]}

    def respond(self, body: Body) -> tuple[int, str, str]:
        status, found = self._answer(body)
        if not isinstance(found, str):
            return status, json.dumps(found), JSON
        if body.get("stream"):
            return status, stream_of([found[:5], found[5:]], chat="messages" in body), STREAM
        said = {"message": {"content": found}} if "messages" in body else {"text": found}
        return status, json.dumps({"choices": [{"index": 0, **said, "finish_reason": "stop"}]}), JSON


@contextlib.contextmanager
def weighing(
    way: str = "echo", *, refuses: list[str] | None = None, hold_after: int | None = None
) -> Iterator[WeighingServer]:
    server = WeighingServer(way, refuses or [], hold_after)
    with serving(server):
        yield server


def meant(body: Body) -> str:
    """A request without what differs between clients that ask the same."""
    kept = {name: value for name, value in body.items() if name not in _UNMEANT}
    if "max_completion_tokens" in kept:
        kept["max_tokens"] = kept.pop("max_completion_tokens")
    return json.dumps(kept, sort_keys=True)


def answer_to(body: Body) -> str:
    """Right in about half of all cases; another request, even with another seed or stop, may get another answer."""
    digest = hashlib.sha256(meant(body).encode()).hexdigest()
    number = int(text_of(body).rpartition(" and ")[0].rpartition(" ")[2])
    return f"{digest[:6]}é\n makes\n\n{number + 100 + int(digest[0], 16) % 2}"


def likelihood(ids: list[int]) -> float:
    """Of the last of `ids` after the others."""
    return -int(hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:4], 16) / 8192
