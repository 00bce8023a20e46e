"""TensorRT-LLM behind Triton: `/v2/models/{model}/generate_stream` and `/generate`."""

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
from aisbench.simulator.framing import LAST_CHUNK, chunk
from aisbench.simulator.model.parameters import Parameters


def parse(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    """Fields other than the text may be at the top level or in `parameters`."""
    given = {**fields, **object_in(fields, "parameters")}
    model = served_model(way.model, parameters)
    prompt_tokens = text_tokens(fields, "text_input")
    max_tokens = wanted_tokens(given, "max_tokens")
    least = given.get("min_tokens", given.get("min_length"))
    check_length(prompt_tokens, max_tokens, parameters, ("text_input", "max_tokens"))
    return Asked(
        prompt_tokens,
        max_tokens,
        model,
        stream=bool(way.stream),
        wants_usage=bool(given.get("return_num_output_tokens")),
        ignore_eos=least == max_tokens,
    )


def refuse(refusal: Refusal) -> tuple[int, bytes]:
    return refusal.status, orjson.dumps({"error": refusal.message})


class _Generated(Answer):
    """Events carry only the new text: no finish reason, no counts, no [DONE]."""

    __slots__ = ()

    end = LAST_CHUNK

    def shaped(self, text: str) -> dict[str, Any]:
        return {
            "context_logits": 0.0,
            "cum_log_probs": 0.0,
            "generation_logits": 0.0,
            "model_name": self.asked.model,
            "model_version": "1",
            "output_log_probs": [0.0],
            "sequence_end": False,
            "sequence_id": 0,
            "sequence_start": False,
            "text_output": text,
        }

    def event(self, text: str, reason: str | None = None) -> bytes:
        return orjson.dumps(self.shaped(text))

    def closing(self, generated: int, reason: str) -> bytes:
        """The final response of a decoupled model has no text."""
        return chunk(self.event("")) + self.end

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        answer = self.shaped(text)
        if self.asked.wants_usage:
            answer |= {"num_input_tokens": self.asked.prompt_tokens, "num_output_tokens": generated}
        return answer


TENSORRT_LLM = Dialect(parse, _Generated, refuse)
