"""MindIE, Huawei's server for Ascend: its OpenAI-style, Triton-style and native endpoints.

Source: the API reference of MindIE Motor 2.x (docs/zh/User_Guide/SERVICE_ORIENTED_INTERFACE) and AISBench's
clients for it. Its TGI-style endpoint needs the backend tgi.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import CONTENT, ERROR, FINISH, OUTPUT_TOKENS, TOOL, Rules
from aisbench.backends.openai_chat import CHAT, messages
from aisbench.backends.openai_completions import COMPLETIONS
from aisbench.backends.prompt import Prompt
from aisbench.backends.tensorrt_llm import refuse_another_model
from aisbench.backends.tgi import temperature_above_0


def _completions_fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    """Only documented fields: MindIE sends the usage with the last token without being asked."""
    body: dict[str, Any] = {"model": prompt.model or options.model, "prompt": prompt.text}
    if prompt.output_tokens is not None:
        body["max_tokens"] = prompt.output_tokens
    return {**body, "stream": options.stream, **options.tail()}


def _chat_fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    """Only documented fields. Content is a string unless there is media, as text-only models do not take a list of parts."""
    plain = prompt.messages is None and not prompt.media
    asked = [{"role": "user", "content": prompt.text}] if plain else messages(prompt)
    body: dict[str, Any] = {"model": prompt.model or options.model, "messages": asked}
    if prompt.output_tokens is not None:
        body["max_tokens"] = prompt.output_tokens
    return {**body, "stream": options.stream, **options.tail()}


def parameters(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    """The sampling parameters. `ignore_eos` is not in the reference, but AISBench's clients send it here."""
    asked: dict[str, Any] = {**temperature_above_0(options.temperature)}
    if options.ignore_eos:
        asked["ignore_eos"] = True
    if prompt.output_tokens is not None:
        asked["max_new_tokens"] = prompt.output_tokens
    return {**asked, "details": True}


def _triton_fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    refuse_another_model(prompt, "mindie-triton")
    return {"text_input": prompt.text, "parameters": parameters(prompt, options)}


def _infer_fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    refuse_another_model(prompt, "mindie-infer")
    return {"inputs": prompt.text, "stream": options.stream, "parameters": parameters(prompt, options)}


_DETAILS: Rules = (
    ("details.finish_reason", FINISH),
    ("details.generated_tokens", OUTPUT_TOKENS),
    ("error", ERROR),
)
_COUNTED_BY = "details.generated_tokens of the server"

MINDIE = replace(COMPLETIONS, family="mindie", fields=_completions_fields, takes_token_ids=False)
MINDIE_CHAT = replace(CHAT, family="mindie-chat", fields=_chat_fields)
MINDIE_TRITON = Backend(
    family="mindie-triton",
    path="/v2/models/{model}/generate_stream",
    plain_path="/v2/models/{model}/generate",
    fields=_triton_fields,
    rules=(("text_output", CONTENT), *_DETAILS),
    plain_rules=(("text_output", CONTENT), *_DETAILS),
    output_tokens_from=_COUNTED_BY,
    parameters_in="parameters",
)
MINDIE_INFER = Backend(
    family="mindie-infer",
    path="/infer",
    fields=_infer_fields,
    rules=(
        ("token.text", CONTENT),
        # The event of the last token has its id and the whole text, but null for its text.
        ("token.id", TOOL),
        *_DETAILS,
    ),
    plain_rules=(("generated_text", CONTENT), *_DETAILS),
    output_tokens_from=_COUNTED_BY,
    parameters_in="parameters",
)
