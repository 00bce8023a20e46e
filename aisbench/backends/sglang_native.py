"""SGLang's native API, `/generate`, whose events carry the whole text so far.

Source: sglang/srt/entrypoints/http_server.py and managers/io_struct.py (GenerateReqInput). These
rules cannot read a server started with --incremental-streaming-output, which sends increments instead.
"""

from __future__ import annotations

from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import (
    CACHED_TOKENS,
    CONTENT,
    CUMULATIVE,
    ERROR,
    FINISH,
    OUTPUT_TOKENS,
    PROMPT_TOKENS,
    Rules,
)
from aisbench.backends.prompt import Prompt


def fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    sampling: dict[str, Any] = {}
    if options.temperature is not None:
        sampling["temperature"] = options.temperature
    if prompt.output_tokens is not None:
        sampling["max_new_tokens"] = prompt.output_tokens
    if options.ignore_eos:
        sampling["ignore_eos"] = True
    body: dict[str, Any] = {"text": prompt.text}
    if prompt.token_ids is not None:
        body = {"input_ids": list(prompt.token_ids)}
    body |= {"sampling_params": sampling, "stream": options.stream}
    if prompt.model is not None:
        # The server has one model; any other name is an adapter's.
        body["lora_path"] = prompt.model
    return body


TRAILER: Rules = (
    ("meta_info.finish_reason.type", FINISH),
    ("meta_info.prompt_tokens", PROMPT_TOKENS),
    ("meta_info.completion_tokens", OUTPUT_TOKENS),
    ("meta_info.cached_tokens", CACHED_TOKENS),
    ("error", ERROR),
)

SGLANG_NATIVE = Backend(
    family="sglang-native",
    path="/generate",
    fields=fields,
    rules=(("text", CUMULATIVE), *TRAILER),
    plain_rules=(("text", CONTENT), *TRAILER),
    output_tokens_from="meta_info.completion_tokens of the server",
    takes_token_ids=True,
    parameters_in="sampling_params",
)
