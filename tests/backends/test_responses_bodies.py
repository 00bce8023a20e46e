"""Bodies of the Responses API from what data sets have in the chat API's form."""

from __future__ import annotations

import json
from typing import Any

from aisbench._native.holes import with_answers
from aisbench.backends.backend import BodyOptions
from aisbench.backends.history import History
from aisbench.backends.openai_responses import RESPONSES
from aisbench.backends.prompt import ANSWER, Prompt, live_turn
from aisbench.workload.build import with_holes

PLAIN = BodyOptions("m")
USER = {"role": "user", "content": "go"}


def body(*messages: Any, **fields: Any) -> bytes:
    return RESPONSES.body(Prompt("hi", 1, 8, messages=messages, fields=fields), PLAIN)


def test_a_recorded_session() -> None:
    calls = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}]
    found = json.loads(
        body(
            USER,
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "a", "content": "one"},
            {"role": "assistant", "content": "done", "tool_calls": calls},
        )
    )
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": '{"x": 1}'}
    output = {"type": "function_call_output", "call_id": "a", "output": "one"}
    assert found["input"] == [USER, call, output, {"role": "assistant", "content": "done"}, call]


def test_tools() -> None:
    function = {"name": "f", "description": "does it", "parameters": {"type": "object"}}
    search = {"type": "web_search"}
    choice = {"type": "function", "function": {"name": "f"}}
    found = json.loads(
        body(USER, tools=[{"type": "function", "function": function}, search], tool_choice=choice)
    )
    assert found["tools"] == [{"type": "function", **function}, search]
    assert found["tool_choice"] == {"type": "function", "name": "f"}
    assert json.loads(body(USER, tool_choice="auto"))["tool_choice"] == "auto"


def test_a_live_turn() -> None:
    history = History(RESPONSES.as_messages)
    turn = live_turn([{"name": "f", "content": "one"}])
    calls: Any = [{"id": "a", "name": "f", "arguments": "{"}]
    answers = [history.answer(b"", b"hm", calls), history.answer(b"done", b"", None)]
    holes = with_holes(body(USER, turn, {"role": "assistant", "content": ANSWER}, USER))
    assert json.loads(with_answers(holes, answers))["input"] == [
        USER,
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "one"},
        {"role": "assistant", "content": "done"},
        USER,
    ]
