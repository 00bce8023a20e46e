"""Hugging Face text-generation-inference: `/generate_stream` and `/generate`."""

from __future__ import annotations

from typing import Any

import orjson

from aisbench.simulator.asked import (
    Asked,
    Fields,
    Refusal,
    TooLong,
    check_length,
    object_in,
    served_model,
    text_tokens,
    wanted_tokens,
)
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.framing import LAST_CHUNK, MARK, NUMBER, NumberedEnvelope, chunk
from aisbench.simulator.model.parameters import Parameters

FINISHES = {"stop": "eos_token", "length": "length"}
_VALIDATION = 422


def parse(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    inner = object_in(fields, "parameters")
    model = served_model(inner.get("adapter_id"), parameters)
    prompt_tokens = text_tokens(fields, "inputs")
    max_tokens = wanted_tokens(inner, "max_new_tokens")
    check_length(prompt_tokens, max_tokens, parameters, ("inputs", "max_new_tokens"))
    return Asked(
        prompt_tokens,
        max_tokens,
        model,
        stream=bool(way.stream),
        wants_usage=bool(inner.get("details")),
        ignore_eos=bool(inner.get("ignore_eos_token")),
    )


def refuse(refusal: Refusal) -> tuple[int, bytes]:
    """An invalid request gets status 422."""
    message, status, kind = refusal.message, refusal.status, "generation"
    if isinstance(refusal, TooLong):
        message = (
            f"`inputs` tokens + `max_new_tokens` must be <= {refusal.limit}. Given: {refusal.prompt_tokens} "
            f"`inputs` tokens and {refusal.max_tokens} `max_new_tokens`"
        )
    if status in (400, 404):
        message, status, kind = f"Input validation error: {message}", _VALIDATION, "validation"
    return status, orjson.dumps({"error": message, "error_type": kind})


class _Generated(Answer):
    __slots__ = ("numbered",)

    lead = b"data:"
    end = LAST_CHUNK

    def prepare(self) -> None:
        self.numbered = NumberedEnvelope(self.shaped(MARK, NUMBER), self.lead)

    def event(self, text: str, reason: str | None = None) -> bytes:
        return self.shaped(text, 1)

    def shaped(self, text: str, number: int, last: dict[str, Any] | None = None) -> bytes:
        token = {"id": 1, "text": text, "logprob": -0.25, "special": False}
        return orjson.dumps(
            {"index": number, "token": token, **(last or {"generated_text": None, "details": None})}
        )

    def token(self, index: int) -> bytes:
        return self.numbered.filled(self.escaped_word(index), index + 1)

    def last_token(self, index: int, reason: str) -> bytes:
        generated = index + 1
        details = {**self.details(generated, reason), "input_length": self.asked.prompt_tokens}
        last = {
            "generated_text": self.text(0, generated),
            "details": details if self.asked.wants_usage else None,
        }
        return chunk(self.shaped(self.word(index).decode(), generated, last), self.lead)

    def details(self, generated: int, reason: str) -> dict[str, Any]:
        return {"finish_reason": FINISHES[reason], "generated_tokens": generated, "seed": None}

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        answer: dict[str, Any] = {"generated_text": text}
        if self.asked.wants_usage:
            answer["details"] = {**self.details(generated, reason), "prefill": [], "tokens": []}
        return answer


TGI = Dialect(parse, _Generated, refuse)
