"""OpenAI completions: `/v1/completions`, as vLLM answers it."""

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
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.dialects.openai import refuse, usage
from aisbench.simulator.framing import chunk
from aisbench.simulator.model.parameters import Parameters


def parse(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    model = served_model(fields.get("model"), parameters)
    prompt_tokens = _prompt_length(fields.get("prompt"))
    max_tokens = wanted_tokens(fields, "max_tokens")
    check_length(prompt_tokens, max_tokens, parameters, ("prompt", "max_tokens"))
    return Asked(
        prompt_tokens,
        max_tokens,
        model,
        stream=bool(fields.get("stream")),
        wants_usage=bool(object_in(fields, "stream_options").get("include_usage")),
        ignore_eos=bool(fields.get("ignore_eos")),
        prompt=fields.get("prompt"),
    )


def _prompt_length(prompt: Any) -> int:
    """The tokens of a string, a list of token ids, or a list with one of these. Raises Refusal."""
    if isinstance(prompt, str):
        return len(prompt.split())
    if isinstance(prompt, list) and prompt:
        if all(type(token) is int for token in prompt):
            return len(prompt)
        if len(prompt) == 1:
            return _prompt_length(prompt[0])
    raise Refusal(
        400, "prompt must be a string, a list of token ids, or a list with one of these", param="prompt"
    )


class Completion(Answer):
    __slots__ = ("common",)

    initials = "cmpl"
    kind = "text_completion"

    def prepare(self) -> None:
        self.common = {
            "id": f"{self.initials}-{self.number:016x}",
            "object": self.kind,
            "created": self.created,
            "model": self.asked.model,
        }
        super().prepare()

    def event(self, text: str, reason: str | None = None) -> bytes:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": reason, "stop_reason": None}
        return orjson.dumps({**self.common, "choices": [choice], "usage": None})

    def last_token(self, index: int, reason: str) -> bytes:
        if not self.parameters.usage_in_last_chunk:
            return super().last_token(index, reason)
        event = orjson.loads(self.event(self.word(index).decode(), reason))
        return chunk(orjson.dumps({**event, "usage": usage(self.asked, index + 1)}))

    def closing(self, generated: int, reason: str) -> bytes:
        """The usage, if it was requested and not yet sent, and the end of the stream."""
        if not self.asked.wants_usage or self.parameters.usage_in_last_chunk:
            return self.end
        counts = usage(self.asked, generated)
        return chunk(orjson.dumps({**self.common, "choices": [], "usage": counts})) + self.end

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": reason, "stop_reason": None}
        return {**self.common, "choices": [choice], "usage": usage(self.asked, generated)}


COMPLETIONS = Dialect(parse, Completion, refuse)
