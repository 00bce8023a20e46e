"""OpenAI chat completions: `v1/chat/completions`."""

from __future__ import annotations

from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import CALL, CONTENT, OPENAI_TRAILER, REASONING, TOOL
from aisbench.backends.history import Said
from aisbench.backends.prompt import Prompt
from aisbench.backends.tool_calls import chat_calls


def fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": prompt.model or options.model,
        "messages": messages(prompt),
        "max_completion_tokens": prompt.output_tokens,
        "stream": options.stream,
    }
    if prompt.output_tokens is None:
        del body["max_completion_tokens"]
    if options.stream:
        body["stream_options"] = {"include_usage": True}
    return {**body, **options.tail()}


def messages(prompt: Prompt) -> list[Any]:
    """The prompt's messages, or one user message with a list of parts, as vLLM's client sends it."""
    if prompt.messages is not None:
        return [dict(message) for message in prompt.messages]
    return [{"role": "user", "content": [{"type": "text", "text": prompt.text}, *map(dict, prompt.media)]}]


def as_messages(said: Said) -> list[dict[str, Any]]:
    """An answer as the assistant's message, with its tool calls, and a message for the result of each call.

    vLLM, SGLang, llama.cpp and DeepSeek take reasoning back as reasoning_content.
    """
    message: dict[str, Any] = {"role": "assistant", "content": said.content}
    if said.reasoning:
        message["reasoning_content"] = said.reasoning
    if not said.calls:
        return [message]
    message["content"] = said.content or None
    message["tool_calls"] = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in said.calls
    ]
    return [
        message,
        *({"role": "tool", "tool_call_id": call.id, "content": call.result} for call in said.calls),
    ]


CHAT = Backend(
    family="openai-chat",
    path="/v1/chat/completions",
    fields=fields,
    rules=(
        *OPENAI_TRAILER,
        # vLLM and SGLang send reasoning_content; newer vLLM and others send reasoning.
        ("choices[].delta.reasoning_content", REASONING),
        ("choices[].delta.reasoning", REASONING),
        ("choices[].delta.tool_calls", CALL),
        # The older name of tool calls, a refusal in place of content, and spoken answers.
        ("choices[].delta.function_call", CALL),
        ("choices[].delta.refusal", CONTENT),
        ("choices[].delta.audio", TOOL),
        # Tried first, as nearly every event has content.
        ("choices[].delta.content", CONTENT),
    ),
    plain_rules=(
        *OPENAI_TRAILER,
        ("choices[].message.content", CONTENT),
        ("choices[].message.reasoning_content", REASONING),
        ("choices[].message.reasoning", REASONING),
        ("choices[].message.tool_calls", CALL),
        ("choices[].message.function_call", CALL),
        ("choices[].message.refusal", CONTENT),
        ("choices[].message.audio", TOOL),
    ),
    output_tokens_from="usage of the server",
    takes_messages=True,
    tool_calls=chat_calls,
    as_messages=as_messages,
)
