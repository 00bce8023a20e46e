"""Answers in the bodies of later turns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from aisbench._native.holes import with_answers
from aisbench.backends.history import NO_RESULT, Answer, History, without_thoughts
from aisbench.backends.openai_chat import as_messages
from aisbench.backends.prompt import ANSWER, live_turn, results_in
from aisbench.backends.tool_calls import ToolCall
from aisbench.workload.build import with_holes, without_holes
from aisbench.workload.messages import as_text

USER = {"role": "user", "content": "and?"}


def called(call_id: str, name: str, arguments: str) -> ToolCall:
    return {"id": call_id, "name": name, "arguments": arguments}


def said(history: History, content: str = "", reasoning: str = "", calls: Sequence[ToolCall] = ()) -> Answer:
    def escaped(text: str) -> bytes:
        return json.dumps(text)[1:-1].encode()

    return history.answer(escaped(content), escaped(reasoning), list(calls))


def sent(messages: list[Any], answers: list[Answer]) -> list[Any]:
    """The messages of a body, as the server gets them."""
    body = with_holes(json.dumps({"messages": messages, "max_tokens": 4}).encode())
    filled = json.loads(with_answers(body, answers))
    assert filled["max_tokens"] == 4
    found: list[Any] = filled["messages"]
    return found


def result(name: str | None, content: str) -> dict[str, Any]:
    return {"name": name, "content": content}


def wire(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_calls_get_the_scripted_results_of_their_names() -> None:
    history = History(as_messages)
    calls = [
        called("c1", "g", '{"x": "é"}'),
        called("", "f", ""),
        called("c3", "h", "{}"),
        called("c4", "f", "{}"),
    ]
    turn = live_turn([result("f", "of f\n"), result("g", 'of "g"'), result(None, "any")])
    assert sent([USER, turn], [said(history, "I look", calls=calls)]) == [
        USER,
        {
            "role": "assistant",
            "content": "I look",
            "tool_calls": [
                wire("c1", "g", '{"x": "é"}'),
                wire("call_1", "f", "{}"),
                wire("c3", "h", "{}"),
                wire("c4", "f", "{}"),
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": 'of "g"'},
        {"role": "tool", "tool_call_id": "call_1", "content": "of f\n"},
        {"role": "tool", "tool_call_id": "c3", "content": "any"},
        {"role": "tool", "tool_call_id": "c4", "content": NO_RESULT},
    ]
    assert history.figures() == {"repaired": 0, "unscripted": 1, "uncalled": 0, "thoughts": 0}


@pytest.mark.parametrize("arguments", ['{"x": ', "[1]", '"x"', "look here"])
def test_arguments_that_servers_refuse_are_repaired(arguments: str) -> None:
    history = History(as_messages)
    answer = said(history, calls=[called("c", "f", arguments)])
    for _ in range(2):
        found = sent([USER, live_turn([result("f", "x")])], [answer])
    assert found[1] == {"role": "assistant", "content": None, "tool_calls": [wire("c", "f", "{}")]}
    assert history.repaired == 1


def test_results_without_a_call_are_left_out() -> None:
    history = History(as_messages)
    turn = live_turn([result("f", "x")])
    assert sent([USER, turn, USER], [said(history, "no")]) == [
        USER,
        {"role": "assistant", "content": "no"},
        USER,
    ]
    assert history.uncalled == 0
    assert sent([USER, turn], [said(history, "no")]) == [USER, {"role": "assistant", "content": "no"}]
    assert history.uncalled == 1


@pytest.mark.parametrize(
    "messages", [[USER, live_turn([]), USER], [live_turn([]), USER], [USER, live_turn([])]]
)
def test_an_answer_that_is_all_reasoning_leaves_no_message(messages: list[Any]) -> None:
    left = [message for message in messages if message is USER]
    for answer in (
        said(History(as_messages), reasoning="hm"),
        said(History(as_messages), "<think>hm</think>\n\n"),
    ):
        assert sent(messages, [answer]) == left


def test_holes_of_all_kinds_take_the_answers_in_order() -> None:
    history = History(as_messages)
    answers = [said(history, text) for text in ("one", "two", "three")]
    plain = {"role": "assistant", "content": ANSWER}
    messages = [USER, plain, USER, live_turn([]), {"role": "user", "content": f"<{ANSWER}>"}]
    assert [message["content"] for message in sent(messages, answers)] == [
        "and?",
        "one",
        "and?",
        "two",
        "<three>",
    ]


def test_reasoning_stays_where_it_is_asked_for() -> None:
    history = History(as_messages, keeps_reasoning=True)
    answers = [said(history, "<think>a</think>b", "c"), said(history, "", "d", [called("c", "f", "{}")])]
    found = sent([USER, {"role": "assistant", "content": ANSWER}, USER, live_turn([])], answers)
    assert found[1] == {"role": "assistant", "content": "<think>a</think>b", "reasoning_content": "c"}
    assert found[3]["reasoning_content"] == "d"
    assert found[3]["tool_calls"] == [wire("c", "f", "{}")]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<think>a\n</think>\n\nb", "b"),
        ("a</think>b", "b"),
        ("b<think>a", "b"),
        ("<think>a</think>b<think>c</think> d", "b d"),
        ("<think>a", ""),
        ("no <b>marks</b>", "no <b>marks</b>"),
    ],
)
def test_thoughts_in_the_text(text: str, left: str) -> None:
    assert json.loads(b'"%b"' % without_thoughts(json.dumps(text)[1:-1].encode())) == left


def test_a_body_with_a_live_turn_comes_back_from_its_holes() -> None:
    messages = [
        USER,
        live_turn([result("f", 'a "b"\\ \n é')]),
        {"role": "assistant", "content": ANSWER},
        USER,
    ]
    body = json.dumps({"messages": messages}).encode()
    holes = with_holes(body)
    assert (holes.count(b"\0"), holes.count(b"\3"), holes.count(b"\4")) == (1, 1, 1)
    assert without_holes(holes) == body


def test_an_api_of_texts_gets_the_answer_and_all_results() -> None:
    turn = live_turn([result("f", "one"), result(None, "two")])
    assert results_in(turn["content"]) == [result("f", "one"), result(None, "two")]
    text = as_text([USER, turn, USER])
    assert text == f"User: and?\nAssistant: {ANSWER}\nTool: one\nTool: two\nUser: and?\nAssistant:"
