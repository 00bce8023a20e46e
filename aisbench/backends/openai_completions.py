"""OpenAI completions: `v1/completions`, as vLLM, SGLang, LMDeploy, llama.cpp and others serve it."""

from __future__ import annotations

from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import CONTENT, OPENAI_TRAILER
from aisbench.backends.prompt import Prompt


def fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": prompt.model or options.model,
        "prompt": list(prompt.token_ids) if prompt.token_ids is not None else prompt.text,
        "repetition_penalty": 1.0,
        "max_tokens": prompt.output_tokens,
        "logprobs": None,
        "stream": options.stream,
    }
    if prompt.output_tokens is None:
        del body["max_tokens"]
    if options.stream:
        body["stream_options"] = {"include_usage": True}
    return {**body, **options.tail()}


COMPLETIONS = Backend(
    family="openai-completions",
    path="/v1/completions",
    fields=fields,
    rules=(*OPENAI_TRAILER, ("choices[].text", CONTENT)),
    plain_rules=(*OPENAI_TRAILER, ("choices[].text", CONTENT)),
    output_tokens_from="usage of the server",
    takes_token_ids=True,
)
