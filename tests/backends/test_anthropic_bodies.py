"""Bodies of Anthropic's API from what data sets have in the chat API's form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisbench._native.holes import with_answers
from aisbench.backends.anthropic_messages import LONGEST_ANSWER, MESSAGES
from aisbench.backends.backend import BodyOptions
from aisbench.backends.history import History
from aisbench.backends.prompt import Prompt, live_turn
from aisbench.workload.build import with_holes

PLAIN = BodyOptions("m")
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}}


def body(*messages: Any, **fields: Any) -> Any:
    return json.loads(MESSAGES.body(Prompt("hi", 1, 8, messages=messages or None, fields=fields), PLAIN))


def test_the_body_of_a_text() -> None:
    options = BodyOptions("m", ignore_eos=True, temperature=0.5, stream=False)
    assert MESSAGES.body(Prompt("hi", 1, 8), options) == (
        b'{"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8, "stream": false, '
        b'"temperature": 0.5}'
    )
    assert json.loads(MESSAGES.body(Prompt("hi", 1, None), PLAIN))["max_tokens"] == LONGEST_ANSWER


def test_images() -> None:
    url = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    data = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    found = json.loads(MESSAGES.body(Prompt("hi", 1, 8, media=(url, data)), PLAIN))
    assert found["messages"][0]["content"] == [
        {"type": "text", "text": "hi"},
        {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
    ]


def test_a_recorded_session() -> None:
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{"}},
    ]
    found = body(
        {"role": "system", "content": "be brief"},
        {"role": "developer", "content": [{"type": "text", "text": "and kind"}]},
        {"role": "user", "content": [{"type": "text", "text": "go"}]},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "one"},
        {"role": "tool", "tool_call_id": "b", "content": "two"},
        {"role": "assistant", "content": "done"},
    )
    assert found["system"] == "be brief\n\nand kind"
    assert found["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "go"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "b", "name": "g", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "one"},
                {"type": "tool_result", "tool_use_id": "b", "content": "two"},
            ],
        },
        {"role": "assistant", "content": "done"},
    ]


@pytest.mark.parametrize(
    ("choice", "own"),
    [
        ("auto", {"type": "auto"}),
        ("required", {"type": "any"}),
        ("none", {"type": "none"}),
        ({"type": "function", "function": {"name": "f"}}, {"type": "tool", "name": "f"}),
        ({"type": "any"}, {"type": "any"}),
    ],
)
def test_tools(choice: Any, own: Any) -> None:
    function = {"name": "f", "description": "does it", "parameters": SCHEMA}
    known = {"name": "g", "input_schema": SCHEMA}
    found = body(tools=[{"type": "function", "function": function}, known], tool_choice=choice)
    assert found["tools"] == [{"name": "f", "input_schema": SCHEMA, "description": "does it"}, known]
    assert found["tool_choice"] == own


def test_a_live_turn() -> None:
    history = History(MESSAGES.as_messages)
    user = {"role": "user", "content": "go"}
    turn = live_turn([{"name": "f", "content": "one"}])
    prompt = Prompt("", 1, 8, messages=(user, turn, user, turn))
    calls: Any = [{"id": "a", "name": "f", "arguments": '{"x": 1}'}]
    answers = [history.answer(b"I go", b"", calls), history.answer(b"done", b"hm", None)]
    found = json.loads(with_answers(with_holes(MESSAGES.body(prompt, PLAIN)), answers))
    assert found["messages"] == [
        user,
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I go"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "one"}]},
        user,
        {"role": "assistant", "content": "done"},
    ]
