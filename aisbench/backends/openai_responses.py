"""OpenAI responses: `/v1/responses`.

Source: `vllm bench serve` 0.32 (the body, and which events count) and OpenAI's event types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import (
    CACHED_TOKENS,
    CONTENT,
    ERROR,
    FINISH,
    KIND,
    OUTPUT_TOKENS,
    PART,
    PROMPT_TOKENS,
    REASONING,
    TOOL,
)
from aisbench.backends.history import Said
from aisbench.backends.prompt import PREVIOUS, Prompt
from aisbench.backends.tool_calls import OpenCall, ToolCall, text_of

# Types of output items that the client has to act on, and the field with what the model wrote.
_CALLED_IN = {"function_call": "arguments", "custom_tool_call": "input"}


def fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": prompt.model or options.model,
        "input": asked(prompt),
        "max_output_tokens": prompt.output_tokens,
        "stream": options.stream,
        "store": False,
    }
    if prompt.output_tokens is None:
        del body["max_output_tokens"]
    return {**body, **options.tail()}


def asked(prompt: Prompt) -> Any:
    """The `input` field: a string, as vLLM's client sends it, or messages with parts named as in this API."""
    if prompt.messages is not None:
        return [item for message in prompt.messages for item in items(message)]
    if prompt.media:
        parts = [{"type": "text", "text": prompt.text}, *prompt.media]
        return [{"role": "user", "content": content(parts)}]
    return prompt.text


def items(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A message of the chat API as input items: tool calls and their results are items of their own here."""
    if message.get("role") == "tool":
        return [call_output(text_of(message.get("tool_call_id")), content(message.get("content")))]
    calls = message.get("tool_calls") or ()
    rest = {name: value for name, value in message.items() if name != "tool_calls"}
    said = (
        [{**rest, "content": content(message.get("content"))}] if message.get("content") or not calls else []
    )
    return [*said, *map(_call_item, calls)]


def _call_item(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return call_item(text_of(call.get("id")), function["name"], function.get("arguments") or "{}")


def call_item(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def call_output(call_id: str, output: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def as_messages(said: Said) -> list[dict[str, Any]]:
    """An answer as input items: the text, the calls, and the results of the calls."""
    text = [{"role": "assistant", "content": said.content}] if said.content else []
    calls = [call_item(call.id, call.name, call.arguments) for call in said.calls]
    return [*text, *calls, *(call_output(call.id, call.result) for call in said.calls)]


def as_results(said: Said) -> list[dict[str, Any]]:
    """What goes to a server that keeps its answers: the results of their calls."""
    return [call_output(call.id, call.result) for call in said.calls]


def answer_id(pieces: list[Any]) -> str:
    """The id of the response: of the object `response`, which the first and last events hold, or of a whole answer."""
    if pieces and isinstance(pieces[0], str):
        return pieces[0]
    # Items have a type.
    ids = (text_of(one.get("id")) for one in pieces if isinstance(one, dict) and not one.get("type"))
    return next(filter(None, ids), "")


def own_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The chat API's `tools` and `tool_choice`, whose functions are an object of their own, in this API's flat form."""
    found = dict(given)
    if isinstance(found.get("tools"), (list, tuple)):
        found["tools"] = [_flat(tool) for tool in found["tools"]]
    if isinstance(found.get("tool_choice"), Mapping):
        found["tool_choice"] = _flat(found["tool_choice"])
    return found


def _flat(given: Mapping[str, Any]) -> dict[str, Any]:
    function = given.get("function")
    return {"type": "function", **function} if isinstance(function, Mapping) else dict(given)


def content(given: Any) -> Any:
    return [part(p) for p in given] if isinstance(given, list) else given


def part(given: Mapping[str, Any]) -> dict[str, Any]:
    """A content part of a chat message under this API's names; only text and images need new ones."""
    if given.get("type") == "text":
        return {"type": "input_text", "text": given["text"]}
    if given.get("type") == "image_url":
        return {"type": "input_image", "image_url": given["image_url"]["url"]}
    return dict(given)


def response_calls(pieces: list[Any]) -> list[ToolCall]:
    """The calls from output items, and from the texts in the deltas between an item's first and last event.

    The last event of an item repeats its arguments as a whole. Items of tools that the server runs itself are no calls,
    nor are the response's id and the response as a whole.
    """
    found: list[OpenCall] = []
    by_item: dict[str, OpenCall] = {}
    call: OpenCall | None = None
    for piece in pieces:
        if isinstance(piece, str) and call is not None:
            call.add(piece)
        elif isinstance(piece, dict):
            call = None
            arguments_in = _CALLED_IN.get(text_of(piece.get("type")))
            if arguments_in is None:
                continue
            call_id, name = text_of(piece.get("call_id")), text_of(piece.get("name"))
            item = text_of(piece.get("id")) or call_id
            if item not in by_item:
                by_item[item] = OpenCall(call_id, name)
                found.append(by_item[item])
            call = by_item[item]
            call.replace(piece.get(arguments_in))
    return [call.closed() for call in found]


RESPONSES = Backend(
    family="openai-responses",
    path="/v1/responses",
    fields=fields,
    rules=(
        # response.output_text.delta, response.reasoning_text.delta, and the deltas of refusals and calls.
        ("type", KIND),
        # For its id.
        ("response", PART),
        # The item that response.output_item.added and .done are about.
        ("item", PART),
        ("delta", CONTENT),
        ("response.status", FINISH),
        ("response.usage.input_tokens", PROMPT_TOKENS),
        ("response.usage.output_tokens", OUTPUT_TOKENS),
        ("response.usage.input_tokens_details.cached_tokens", CACHED_TOKENS),
        ("response.error", ERROR),
        ("error", ERROR),
        # The `error` event has its message at the top level.
        ("message", ERROR),
    ),
    plain_rules=(
        ("id", PART),
        # A list of parts, which orjson sorts into text and reasoning.
        ("output[].content", CONTENT),
        ("output[].summary[].text", REASONING),
        ("output[].call_id", TOOL),
        ("output[]", PART),
        ("status", FINISH),
        ("usage.input_tokens", PROMPT_TOKENS),
        ("usage.output_tokens", OUTPUT_TOKENS),
        ("usage.input_tokens_details.cached_tokens", CACHED_TOKENS),
        ("error", ERROR),
    ),
    output_tokens_from="usage of the server, in the event that closes the stream",
    takes_messages=True,
    own_fields=own_fields,
    tool_calls=response_calls,
    as_messages=as_messages,
    answer_id=answer_id,
    continues={"store": True, "previous_response_id": PREVIOUS},
    as_results=as_results,
    takes_reasoning=False,
)
