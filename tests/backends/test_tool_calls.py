"""Tool calls from the pieces of whole streams, in the forms that servers send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisbench.backends.openai_responses import response_calls
from aisbench.backends.registry import backend_named
from aisbench.backends.tool_calls import ToolCall, chat_calls, in_chat_form
from tests.backends.reading import Read, read_stream, read_whole


def piece(index: int | None, call_id: str | None = None, name: str | None = None, text: Any = None) -> Any:
    """An element of `tool_calls` in a delta."""
    function = {key: value for key, value in (("name", name), ("arguments", text)) if value is not None}
    found: dict[str, Any] = {"function": function}
    if index is not None:
        found["index"] = index
    return found | ({"id": call_id, "type": "function"} if call_id is not None else {})


def call(call_id: str, name: str, arguments: str) -> ToolCall:
    return {"id": call_id, "name": name, "arguments": arguments}


def chat_stream(*deltas: dict[str, Any]) -> str:
    chunks = [
        {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)


def of_chat(*pieces: Any) -> tuple[Read, list[ToolCall]]:
    got = read_stream(backend_named("openai-chat").rules, chat_stream(*({"tool_calls": [p]} for p in pieces)))
    return got, chat_calls(got.pieces)


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        pytest.param(
            [piece(0, "a", "f", ""), piece(0, text='{"x"'), piece(0, text=": 1}")],
            [call("a", "f", '{"x": 1}')],
            id="as OpenAI sends it",
        ),
        pytest.param(
            [piece(0, "a", "f", ""), piece(1, "b", "g", ""), piece(1, text="{}"), piece(0, text="[]")],
            [call("a", "f", "[]"), call("b", "g", "{}")],
            id="joined by index",
        ),
        pytest.param(
            [piece(0, "a", "f", "{"), piece(0, text="}"), piece(0, "b", "g", "{"), piece(0, text=" }")],
            [call("a", "f", "{}"), call("b", "g", "{ }")],
            id="parallel calls that all have index 0",
        ),
        pytest.param(
            [piece(0, "a", "f", ""), piece(0, "a", text="{"), piece(0, "a", "f", "}")],
            [call("a", "f", "{}")],
            id="id and name in each piece",
        ),
        pytest.param(
            [
                piece(0, "a", "f", "{"),
                piece(0, "b", "g", "["),
                piece(0, "a", text="}"),
                piece(0, "b", text="]"),
            ],
            [call("a", "f", "{}"), call("b", "g", "[]")],
            id="interleaved by id",
        ),
        pytest.param(
            [piece(0, "a", "f", '{"x": 1}')], [call("a", "f", '{"x": 1}')], id="a whole call in one piece"
        ),
        pytest.param(
            [piece(0, "", "f", "{"), piece(0, "a", None, "}")], [call("a", "f", "{}")], id="the id comes late"
        ),
        pytest.param([piece(0, None, "f", {"x": 1})], [call("", "f", '{"x": 1}')], id="an object, and no id"),
        pytest.param([piece(0, "a", "f")], [call("a", "f", "")], id="no arguments"),
    ],
)
def test_calls_of_chat_streams(pieces: list[Any], wanted: list[ToolCall]) -> None:
    got, calls = of_chat(*pieces)
    assert calls == wanted
    assert (got.tokens, got.text, got.unsure) == (len(pieces), "", 0)


def test_several_calls_in_one_chunk() -> None:
    deltas: list[Any] = [
        {"tool_calls": [piece(0, "a", "f", "{}"), piece(1, "b", "g", "{}")]},
        {"content": "ok"},
    ]
    got = read_stream(backend_named("openai-chat").rules, chat_stream(*deltas))
    assert chat_calls(got.pieces) == [call("a", "f", "{}"), call("b", "g", "{}")]
    assert (got.text, got.tokens) == ("ok", 2)


def test_the_older_function_call() -> None:
    deltas = [{"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}]
    got = read_stream(backend_named("openai-chat").rules, chat_stream(*deltas))
    assert chat_calls(got.pieces) == [call("", "f", "{}")]


def test_calls_of_a_whole_chat_answer_have_no_index() -> None:
    calls = [piece(None, None, "f", "{}"), piece(None, None, "f", "{}"), piece(None, "c", "g", "{}")]
    answer = {"choices": [{"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}]}
    got = read_whole(backend_named("openai-chat").plain_rules, json.dumps(answer))
    assert chat_calls(got.pieces) == [call("", "f", "{}"), call("", "f", "{}"), call("c", "g", "{}")]


def test_a_character_split_over_two_pieces_becomes_whole() -> None:
    _, calls = of_chat(piece(0, "a", "f", "\ud83d"), piece(0, text="\ude00 \ud83d"))
    assert calls == [call("a", "f", "😀 \ufffd")]


def test_values_of_another_form_are_ignored() -> None:
    assert chat_calls([[{"index": [0], "id": "a", "function": {"name": "f", "arguments": "{}"}}]]) == [
        call("a", "f", "{}")
    ]
    assert response_calls([{"type": ["function_call"], "call_id": "a", "name": "f"}]) == []
    assert chat_calls([[1, None], "text", {"function": "f", "id": 3, "name": 4, "arguments": 5}]) == [
        call("", "", "")
    ]


def test_an_index_that_is_a_list_is_ignored() -> None:
    assert chat_calls([[{"index": [], "id": "c", "function": {"name": "f", "arguments": "{}"}}]]) == [
        {"id": "c", "name": "f", "arguments": "{}"}
    ]


def test_an_item_whose_type_is_a_list_is_ignored() -> None:
    assert response_calls([{"type": []}, {"type": {}}, "x"]) == []


def test_the_form_of_the_chat_api() -> None:
    assert in_chat_form([call("a", "f", "{}")]) == (
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    )


def response_stream(*events: dict[str, Any]) -> str:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def item(kind: str, state: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.output_item.{state}", "output_index": 0, "item": {"type": kind, **fields}}


def arguments(text: str) -> dict[str, Any]:
    return {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "delta": text}


@pytest.mark.parametrize("says_all", [True, False])
def test_calls_of_the_responses_api(says_all: bool) -> None:
    """Arguments of calls are tokens, but not text. The last event of an item is not needed."""
    known = {"id": "fc_1", "call_id": "call_1", "name": "f"}
    done = [item("function_call", "done", **known, arguments='{"x": 1}')] if says_all else []
    stream = response_stream(
        item("message", "added", id="msg_1", content=[]),
        {"type": "response.output_text.delta", "delta": "Hi"},
        item("message", "done", id="msg_1", content=[{"type": "output_text", "text": "Hi"}]),
        item("function_call", "added", **known, arguments=""),
        arguments('{"x"'),
        arguments(": 1}"),
        *done,
        item("custom_tool_call", "added", id="ct_1", call_id="call_2", name="g", input=""),
        {"type": "response.custom_tool_call_input.delta", "delta": "words"},
        item("code_interpreter_call", "added", id="ci_1"),
        {"type": "response.code_interpreter_call_code.delta", "delta": "print()"},
    )
    backend = backend_named("openai-responses")
    got = read_stream(backend.rules, stream)
    assert (got.text, got.tokens, got.unsure) == ("Hi", 5, 0)
    assert backend.tool_calls is not None
    assert backend.tool_calls(got.pieces) == [call("call_1", "f", '{"x": 1}'), call("call_2", "g", "words")]


def block(index: int, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def block_delta(index: int, text: str) -> dict[str, Any]:
    return {
        "type": "content_block_delta",
        "index": index,
        "delta": {"type": "input_json_delta", "partial_json": text},
    }


def test_calls_of_anthropic_messages() -> None:
    """A call without arguments has its first event alone, which counts as a token."""
    stream = response_stream(
        block(0, type="text", text=""),
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "so"}},
        {"type": "content_block_stop", "index": 0},
        block(1, type="tool_use", id="t1", name="f", input={}),
        block_delta(1, ""),
        block_delta(1, '{"x"'),
        block_delta(1, ": 1}"),
        {"type": "content_block_stop", "index": 1},
        block(2, type="tool_use", id="t2", name="g", input={}),
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
    )
    backend = backend_named("anthropic-messages")
    got = read_stream(backend.rules, stream)
    assert (got.text, got.tokens, got.finish, got.unsure) == ("so", 5, "other", 0)
    assert backend.tool_calls is not None
    assert backend.tool_calls(got.pieces) == [call("t1", "f", '{"x": 1}'), call("t2", "g", "")]


def test_calls_of_a_whole_anthropic_message() -> None:
    content = [
        {"type": "text", "text": "so"},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
        {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
    ]
    backend = backend_named("anthropic-messages")
    got = read_whole(backend.plain_rules, json.dumps({"content": content, "stop_reason": "tool_use"}))
    assert (got.text, got.tokens) == ("so", 1)
    assert backend.tool_calls is not None
    assert backend.tool_calls(got.pieces) == [call("t1", "f", '{"x": 1}'), call("t2", "g", "")]
