"""TensorRT-LLM behind Triton: `/v2/models/{model}/generate_stream` and `/generate`.

Source: Triton's protocol extension "generate", TensorRT-LLM's ensemble (triton_backend/all_models/
inflight_batcher_llm/ensemble/config.pbtxt), and the client that vLLM had for it. {model} is usually
`ensemble` or `tensorrt_llm_bls`.
"""

from __future__ import annotations

from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import CONTENT, ERROR, OUTPUT_TOKENS, PROMPT_TOKENS
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput


def fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    refuse_another_model(prompt, "tensorrt-llm")
    body: dict[str, Any] = {
        "text_input": prompt.text,
        "max_tokens": prompt.output_tokens,
        "stream": options.stream,
    }
    if prompt.output_tokens is None:
        del body["max_tokens"]
    elif options.ignore_eos:
        # The API has no ignore_eos; a minimum length has the same effect. The field was called min_length
        # before it was min_tokens, and Triton ignores names that the model does not know.
        body["min_length"] = body["min_tokens"] = prompt.output_tokens
    if options.temperature is not None:
        body["temperature"] = options.temperature
    if not options.stream:
        # In a stream each response would carry only its own counts.
        body |= {"return_num_input_tokens": True, "return_num_output_tokens": True}
    return body


def refuse_another_model(prompt: Prompt, name: str) -> None:
    """Raises BadInput if the prompt names its own model, since the body has no field for it."""
    if prompt.model is not None:
        raise BadInput(
            f"--backend {name} cannot name a model for a single request ({prompt.model!r}): its bodies have "
            "no field for one; give one model for all requests, or run each model separately with --model"
        )


_RULES = (("text_output", CONTENT), ("error", ERROR))

TENSORRT_LLM = Backend(
    family="tensorrt-llm",
    path="/v2/models/{model}/generate_stream",
    plain_path="/v2/models/{model}/generate",
    fields=fields,
    rules=_RULES,
    plain_rules=(*_RULES, ("num_input_tokens", PROMPT_TOKENS), ("num_output_tokens", OUTPUT_TOKENS)),
    output_tokens_from="num_output_tokens of newer servers for whole answers; otherwise the tokenizer, if --tokenizer names one; otherwise the number of events with text",
    counts_output=False,
    must_finish=False,
)
