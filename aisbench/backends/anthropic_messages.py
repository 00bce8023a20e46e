"""Anthropic messages: `/v1/messages`, as Anthropic, vLLM, SGLang and llama.cpp serve it.

Source: Anthropic's API reference (Messages, Streaming, Tool use, Prompt caching) and vLLM's entrypoints/anthropic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import (
    CACHED_TOKENS,
    CALL,
    CONTENT,
    ERROR,
    FINISH,
    OUTPUT_TOKENS,
    PART,
    PROMPT_TOKENS,
    REASONING,
    TOOL,
    WRITTEN_TOKENS,
    Rules,
)
from aisbench.backends.history import Said
from aisbench.backends.prompt import Prompt
from aisbench.backends.tool_calls import OpenCall, ToolCall, parsed_arguments, text_of

# The API requires a limit, so this one is sent where a prompt has none.
LONGEST_ANSWER = 4096


def fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    """`ignore_eos` is left out: the API does not have it, and Anthropic refuses fields that it does not know."""
    system, messages = in_own_form(prompt.messages or ({"role": "user", "content": _asked(prompt)},))
    body: dict[str, Any] = {
        "model": prompt.model or options.model,
        "messages": messages,
        "max_tokens": prompt.output_tokens or LONGEST_ANSWER,
        "stream": options.stream,
    }
    if system:
        body["system"] = system
    if options.temperature is not None:
        body["temperature"] = options.temperature
    return body


def _asked(prompt: Prompt) -> Any:
    return [{"type": "text", "text": prompt.text}, *prompt.media] if prompt.media else prompt.text


def in_own_form(given: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The system text and the messages from messages of the chat API."""
    systems: list[str] = []
    messages: list[dict[str, Any]] = []
    for message in given:
        role, content = message.get("role"), message.get("content")
        if role in ("system", "developer"):
            systems.append(_plain_text(content))
        elif role == "tool":
            # All results of a turn belong in one message.
            part = {
                "type": "tool_result",
                "tool_use_id": message.get("tool_call_id"),
                "content": _plain_text(content),
            }
            if messages and _has_results(messages[-1]):
                messages[-1]["content"].append(part)
            else:
                messages.append({"role": "user", "content": [part]})
        elif role == "assistant" and message.get("tool_calls"):
            said = [{"type": "text", "text": _plain_text(content)}] if content else []
            messages.append({"role": role, "content": [*said, *map(_tool_use, message["tool_calls"])]})
        else:
            messages.append({"role": role, "content": _content(content)})
    return "\n\n".join(systems), messages


def _has_results(message: Mapping[str, Any]) -> bool:
    content = message["content"]
    return isinstance(content, list) and bool(content) and content[0].get("type") == "tool_result"


def _tool_use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {
        "type": "tool_use",
        "id": call.get("id"),
        "name": function["name"],
        "input": parsed_arguments(function.get("arguments")) or {},
    }


def _plain_text(content: Any) -> str:
    if not isinstance(content, (list, tuple)):
        return content or ""
    return "\n".join(str(part.get("text", "")) for part in content)


def _content(content: Any) -> Any:
    return [_part(one) for one in content] if isinstance(content, (list, tuple)) else content or ""


def _part(given: Mapping[str, Any]) -> dict[str, Any]:
    if given.get("type") != "image_url":
        return dict(given)
    url = given["image_url"]["url"]
    if not url.startswith("data:"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    kind, _, data = url.removeprefix("data:").partition(";base64,")
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def own_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The chat API's `tools` and `tool_choice` under this API's names; other fields as they are."""
    found = dict(given)
    if isinstance(found.get("tools"), (list, tuple)):
        found["tools"] = [_tool(tool) for tool in found["tools"]]
    choice = found.get("tool_choice")
    if isinstance(choice, str):
        found["tool_choice"] = {"type": {"required": "any"}.get(choice, choice)}
    elif isinstance(choice, Mapping) and isinstance(choice.get("function"), Mapping):
        found["tool_choice"] = {"type": "tool", "name": choice["function"]["name"]}
    return found


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool.get("function")
    if not isinstance(function, Mapping):
        return dict(tool)
    found = {
        "name": function["name"],
        "input_schema": function.get("parameters") or {"type": "object", "properties": {}},
    }
    return found | ({"description": function["description"]} if function.get("description") else {})


def message_calls(pieces: list[Any]) -> list[ToolCall]:
    """The calls from content blocks, which come one after another, each followed by the pieces of its input."""
    found: list[OpenCall] = []
    call: OpenCall | None = None
    for piece in pieces:
        if isinstance(piece, str) and call is not None:
            call.add(piece)
        elif isinstance(piece, dict):
            call = None
            if piece.get("type") == "tool_use":
                call = OpenCall(text_of(piece.get("id")), text_of(piece.get("name")))
                call.replace(piece.get("input"))
                found.append(call)
    return [call.closed() for call in found]


def as_messages(said: Said) -> list[dict[str, Any]]:
    """An answer as the assistant's message, and the results of its calls as a message of the user."""
    if not said.calls:
        return [{"role": "assistant", "content": said.content}]
    text = [{"type": "text", "text": said.content}] if said.content else []
    uses = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
        for call in said.calls
    ]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": call.result} for call in said.calls]
    return [{"role": "assistant", "content": [*text, *uses]}, {"role": "user", "content": results}]


def _usage(path: str) -> Rules:
    """Here the count of the input excludes what was read from or written to the cache."""
    return (
        (f"{path}.input_tokens", PROMPT_TOKENS),
        (f"{path}.cache_read_input_tokens", CACHED_TOKENS),
        (f"{path}.cache_creation_input_tokens", WRITTEN_TOKENS),
    )


MESSAGES = Backend(
    family="anthropic-messages",
    path="/v1/messages",
    fields=fields,
    rules=(
        # message_start, whose output_tokens are only a placeholder.
        *_usage("message.usage"),
        # message_delta; its counts are totals.
        *_usage("usage"),
        ("usage.output_tokens", OUTPUT_TOKENS),
        ("error", ERROR),
        ("delta.stop_reason", FINISH),
        # Only tools have an id; its event is the first of a call, and the only one of a call without arguments.
        ("content_block", PART),
        ("content_block.id", TOOL),
        ("delta.partial_json", CALL),
        ("delta.thinking", REASONING),
        ("delta.text", CONTENT),
    ),
    plain_rules=(
        # A list of parts, which orjson sorts into text and thinking.
        ("content", CONTENT),
        ("content[].id", TOOL),
        ("content[]", PART),
        ("stop_reason", FINISH),
        *_usage("usage"),
        ("usage.output_tokens", OUTPUT_TOKENS),
        ("error", ERROR),
    ),
    output_tokens_from="usage of the server, in message_delta",
    takes_messages=True,
    key_header=("x-api-key", ""),
    headers={"anthropic-version": "2023-06-01"},
    own_fields=own_fields,
    tool_calls=message_calls,
    as_messages=as_messages,
    takes_reasoning=False,
)
