"""MindIE's Triton-style `/v2/models/{model}/generate_stream` and its own `/infer`."""

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
    text_tokens,
    wanted_tokens,
)
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.framing import LAST_CHUNK, MARK, NUMBER, NumberedEnvelope, chunk
from aisbench.simulator.model.parameters import Parameters

FINISHES = {"stop": "eos_token", "length": "length"}


def _parse_triton(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    return parse(fields, "text_input", way.model, bool(way.stream), parameters)


def _parse_infer(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    return parse(fields, "inputs", None, bool(fields.get("stream")), parameters)


def parse(fields: Fields, name: str, model: str | None, stream: bool, parameters: Parameters) -> Asked:
    inner = object_in(fields, "parameters")
    served = served_model(model, parameters)
    prompt_tokens = text_tokens(fields, name)
    max_tokens = wanted_tokens(inner, "max_new_tokens")
    check_length(prompt_tokens, max_tokens, parameters, (name, "max_new_tokens"))
    return Asked(
        prompt_tokens,
        max_tokens,
        served,
        stream=stream,
        wants_usage=bool(inner.get("details")),
        ignore_eos=bool(inner.get("ignore_eos")),
    )


def refuse(refusal: Refusal) -> tuple[int, bytes]:
    """All of MindIE's endpoints have the same form of error, and answer 422 to an invalid request."""
    status, kind = refusal.status, "Incomplete generation"
    if status in (400, 404):
        status, kind = 422, "Input validation error"
    return status, orjson.dumps({"error": refusal.message, "error_type": kind})


class _TritonGenerated(Answer):
    """With `details`, every event has the number of tokens so far, and the last one the finish reason."""

    __slots__ = ("numbered",)

    lead = b"data:"
    end = LAST_CHUNK

    def prepare(self) -> None:
        if self.asked.wants_usage:
            self.numbered = NumberedEnvelope(orjson.dumps(self.shaped(MARK, NUMBER)), self.lead)
        else:
            super().prepare()

    def shaped(self, text: str, generated: int, reason: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "id": f"endpoint_common_{self.number}",
            "model_name": self.asked.model,
            "model_version": None,
            "text_output": text,
        }
        if self.asked.wants_usage:
            finish = {"finish_reason": FINISHES[reason]} if reason else {}
            counts = {"generated_tokens": generated, "first_token_cost": None, "decode_cost": None}
            answer["details"] = {**finish, **counts}
        return answer

    def event(self, text: str, reason: str | None = None) -> bytes:
        return orjson.dumps(self.shaped(text, 1, reason))

    def token(self, index: int) -> bytes:
        if not self.asked.wants_usage:
            return super().token(index)
        return self.numbered.filled(self.escaped_word(index), index + 1)

    def last_token(self, index: int, reason: str) -> bytes:
        return chunk(orjson.dumps(self.shaped(self.word(index).decode(), index + 1, reason)), self.lead)

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        return self.shaped(text, generated, reason)


class _Inferred(Answer):
    """The last event has the whole text and the counts; the text of its token is null."""

    __slots__ = ()

    end = LAST_CHUNK

    def event(self, text: str, reason: str | None = None) -> bytes:
        return orjson.dumps({"prefill_time": None, "decode_time": 16.8, "token": {"id": [1], "text": text}})

    def last_token(self, index: int, reason: str) -> bytes:
        event = {
            "prefill_time": None,
            "decode_time": 16.8,
            **self.body(self.text(0, index + 1), index + 1, reason),
            "token": {"id": [1], "text": None},
        }
        return chunk(orjson.dumps(event))

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        answer: dict[str, Any] = {"generated_text": text}
        if self.asked.wants_usage:
            answer["details"] = {"finish_reason": FINISHES[reason], "generated_tokens": generated, "seed": 0}
        return answer


MINDIE_TRITON = Dialect(_parse_triton, _TritonGenerated, refuse)
MINDIE_INFER = Dialect(_parse_infer, _Inferred, refuse)
