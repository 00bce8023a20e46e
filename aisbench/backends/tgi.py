"""Hugging Face text-generation-inference: `/generate_stream` and `/generate`.

Source: TGI's docs/openapi.json (GenerateRequest, StreamResponse, StreamDetails, ErrorResponse).
"""

from __future__ import annotations

from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import CONTENT, ERROR, FINISH, OUTPUT_TOKENS, PROMPT_TOKENS
from aisbench.backends.prompt import Prompt


def fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    parameters: dict[str, Any] = {"max_new_tokens": prompt.output_tokens, "details": True}
    if prompt.output_tokens is None:
        del parameters["max_new_tokens"]
    if options.ignore_eos:
        # vLLM's client sent this field to TGI. It is not among TGI's documented parameters; builds that
        # do not know it ignore it.
        parameters["ignore_eos_token"] = True
    parameters |= temperature_above_0(options.temperature)
    if prompt.model is not None:
        parameters["adapter_id"] = prompt.model
    return {"inputs": prompt.text, "parameters": parameters}


def temperature_above_0(temperature: float | None) -> dict[str, Any]:
    """The fields that set the temperature in an API that refuses 0: for 0, they turn sampling off."""
    if temperature is None:
        return {}
    return {"temperature": temperature} if temperature > 0 else {"do_sample": False}


TGI = Backend(
    family="tgi",
    path="/generate_stream",
    plain_path="/generate",
    fields=fields,
    rules=(
        # `generated_text` in the last event repeats the whole text, so no rule reads it.
        ("token.text", CONTENT),
        ("details.finish_reason", FINISH),
        ("details.generated_tokens", OUTPUT_TOKENS),
        ("details.input_length", PROMPT_TOKENS),
        # The name that MindIE's TGI-style endpoint uses.
        ("details.prompt_tokens", PROMPT_TOKENS),
        ("error", ERROR),
    ),
    plain_rules=(
        ("generated_text", CONTENT),
        ("details.finish_reason", FINISH),
        ("details.generated_tokens", OUTPUT_TOKENS),
        ("details.prompt_tokens", PROMPT_TOKENS),
        ("error", ERROR),
    ),
    output_tokens_from="details.generated_tokens of the server",
    parameters_in="parameters",
)
