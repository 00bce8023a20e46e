"""OpenAI chat completions: `v1/chat/completions`."""

from __future__ import annotations

from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.backends.rules import CONTENT, OPENAI_TRAILER, REASONING, TOOL


def fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    return {
        "model": options.model,
        "messages": [{"role": "user", "content": [{"type": "text", "text": prompt.text}]}],
        "max_completion_tokens": prompt.output_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


CHAT = Backend(
    family="openai-chat",
    path="/v1/chat/completions",
    fields=fields,
    rules=(
        ("choices[].delta.content", CONTENT),
        # vLLM and SGLang say reasoning_content, newer vLLM and others reasoning.
        ("choices[].delta.reasoning_content", REASONING),
        ("choices[].delta.reasoning", REASONING),
        ("choices[].delta.tool_calls", TOOL),
        *OPENAI_TRAILER,
    ),
    takes_token_ids=False,
    output_tokens_from="usage of the server",
)
