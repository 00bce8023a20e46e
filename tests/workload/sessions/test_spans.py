"""OpenTelemetry spans: which call continues, quotes or waits for which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.prompt import ANSWER, live_turn
from aisbench.errors import BadInput
from tests.workload.sessions.made import edges, made, result, says, user

PLAN = [user("plan it")]
FOUND = "the first worker has found three files"
ALSO = "the second worker has found nothing"
CALLS = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "worker", "arguments": "{}"}},
        {"id": "b", "type": "function", "function": {"name": "worker", "arguments": "{}"}},
    ],
}
MERGE = [*PLAN, CALLS, result(FOUND, "a"), result(ALSO, "b")]


def span(name: str, begin: float, end: float, messages: Any, output: Any, **more: Any) -> dict[str, Any]:
    said = (
        {"gen_ai.output.text": output}
        if isinstance(output, str)
        else {"gen_ai.output.messages": json.dumps([output])}
    )
    attributes = {
        "gen_ai.input.messages": json.dumps(messages),
        "gen_ai.request.model": "big",
        **said,
        **more,
    }
    at = {
        key: f"2026-01-02T03:04:{second:06.3f}Z" for key, second in (("start_time", begin), ("end_time", end))
    }
    return {"span_id": name, "trace_id": "t", **at, "name": "chat big", "attributes": attributes}


SPANS = [
    span("merge", 9, 10, MERGE, "all done", **{"gen_ai.usage.output_tokens": 2}),
    span("plan", 1, 2, PLAN, CALLS, **{"gen_ai.tool.definitions": json.dumps([{"name": "worker"}])}),
    span("one", 2.5, 4, [user("part one")], FOUND),
    span("two", 2.5, 8, [user("part two")], ALSO),
    {
        "span_id": "tool",
        "start_time": "2026-01-02T03:04:02Z",
        "attributes": {"gen_ai.operation.name": "execute_tool"},
    },
]


def test_parallel_calls_fork_and_join_by_what_was_said(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"spans": SPANS}, indent=1))
    prompts, items = made(path, history="recorded")
    assert [one.messages[-1]["content"] for one in items if one.messages] == [
        "plan it",
        "part one",
        "part two",
        ALSO,
    ]
    assert edges(prompts)[0] == [[], [0], [0], [0, 1, 2]]
    assert [dict(one) for one in items[3].messages or ()] == MERGE
    assert prompts.conversations is not None
    assert (prompts.conversations.think_ns / 1e9).round(6).tolist() == [0, 0.5, 0.5, 1]
    assert [one.output_tokens for one in items] == [4, 7, 6, 2]
    assert items[0].fields == {"tools": [{"type": "function", "function": {"name": "worker"}}]}
    assert prompts.arrivals_ns is not None
    assert any(note.startswith("1 spans that are no calls of a model") for note in prompts.notes)
    live, items = made(path)
    assert edges(live) == ([[], [0], [0], [0, 1, 2]], [[], [], [], [0]])
    scripted = [{"name": "worker", "content": FOUND}, {"name": "worker", "content": ALSO}]
    assert items[3].messages == (*PLAN, live_turn(scripted))
    assert any(note.startswith("2 results of tools that quote an answer") for note in live.notes)


def test_an_answer_in_another_call_s_message_is_quoted(tmp_path: Path) -> None:
    spans = [span("1", 1, 2, PLAN, FOUND), span("2", 3, 4, [user("is it true?"), user(FOUND)], "yes")]
    (tmp_path / "s.json").write_text(json.dumps({"spans": spans}))
    prompts, items = made(tmp_path / "s.json")
    assert edges(prompts) == ([[], [0]], [[], [0]])
    assert [one["content"] for one in items[1].messages or ()] == ["is it true?", ANSWER]


def test_otlp_with_parts(tmp_path: Path) -> None:
    asked = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    called = {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "hm"},
            {"type": "tool_call", "id": "k1", "name": "ls", "arguments": {"path": "."}},
        ],
    }
    got = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "k1", "response": "a.txt"}]}

    def otlp(begin: int, messages: list[Any], output: Any) -> dict[str, Any]:
        values = {
            "gen_ai.conversation.id": "c",
            "gen_ai.input.messages": json.dumps(messages),
            "gen_ai.output.messages": json.dumps([output]),
        }
        listed = [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]
        listed.append({"key": "gen_ai.usage.output_tokens", "value": {"intValue": "0"}})
        times = {"startTimeUnixNano": str(begin * 10**9), "endTimeUnixNano": str((begin + 1) * 10**9)}
        return {"spanId": str(begin), "traceId": "t", **times, "attributes": listed}

    spans = [
        otlp(1_700_000_000, asked, called),
        otlp(
            1_700_000_003,
            [*asked, called, got],
            {"role": "assistant", "parts": [{"type": "text", "content": "a.txt"}]},
        ),
    ]
    (tmp_path / "s.json").write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}))
    prompts, items = made(tmp_path / "s.json", history="recorded")
    assert [one["role"] for one in items[1].messages or ()] == ["user", "assistant", "tool"]
    assert (items[1].messages or ())[1]["tool_calls"][0]["function"] == {
        "name": "ls",
        "arguments": '{"path": "."}',
    }
    assert prompts.conversations is not None
    assert prompts.conversations.after is None
    assert prompts.conversations.think_ns.tolist() == [0, 2_000_000_000]
    assert [one.output_tokens for one in items] == [1, 1]
    assert "2 empty answers, which become answers of 1 token" in prompts.notes


def test_answers_that_were_not_recorded_are_learnt_from_the_next_call(tmp_path: Path) -> None:
    first, second = span("1", 1, 2, PLAN, ""), span("2", 3, 4, [*PLAN, says("ok"), user("go")], "")
    other = span("3", 5, 6, [*PLAN, says("no"), user("go")], "")
    (tmp_path / "s.json").write_text(json.dumps({"spans": [first, second, other]}))
    prompts, items = made(tmp_path / "s.json", history="recorded")
    assert [one["content"] for one in items[1].messages or ()] == ["plan it", "ok", "go"]
    assert edges(prompts)[0] == [[], [0], [1]], "another answer cannot be the same request's"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"spans": []}, "spans is [], not a list"),
        ({"resourceSpans": []}, "neither spans nor resourceSpans"),
        ({"spans": [{"attributes": {}}]}, "no span with gen_ai.input.messages"),
        ({"spans": [{**SPANS[1], "start_time": None}]}, "span 'plan': timestamp is missing"),
        (
            {"spans": [span("a", 1, 2, [{"role": "user", "parts": [{"type": "blob"}]}], "x")]},
            "a part of the type 'blob'",
        ),
    ],
)
def test_bad_spans_are_named(tmp_path: Path, data: dict[str, Any], said: str) -> None:
    (tmp_path / "s.json").write_text(json.dumps(data))
    with pytest.raises(BadInput) as refused:
        made(tmp_path / "s.json")
    assert said in str(refused.value)


def test_a_folder_of_spans_is_a_session_per_file(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps({"spans": SPANS[1:2]}))
    (tmp_path / "a.json").write_text(json.dumps({"spans": SPANS}))
    (tmp_path / "c.json").write_text('{"spans": [')
    prompts, items = made(tmp_path)
    assert len(items) == 5
    assert any("left out 1 of 3 files" in note and "c.json" in note for note in prompts.notes)
