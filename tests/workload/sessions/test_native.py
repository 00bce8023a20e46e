"""Session files of aisbench: forks, joins, quotes, recorded answers, pauses and limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.prompt import ANSWER, live_turn
from aisbench.errors import BadInput
from tests.workload.sessions.made import call, edges, lines, made, result, user

# A session with tools answers the calls of the server.
LIVE = live_turn([])["content"]
TOOLS = [{"type": "function", "function": {"name": "ls", "parameters": {}}}]
DAG = {
    "session": "a",
    "system": "be brief",
    "tools": TOOLS,
    "turns": [
        {"id": "plan", "messages": [user("plan")], "answer": "first this, then that", "output_tokens": 7},
        {"id": "one", "messages": [user("part one")], "answer": "one is done", "think_s": 2},
        {
            "id": "two",
            "continues": None,
            "after": ["plan"],
            "messages": [user("part two")],
            "answer": "two done",
        },
        {
            "continues": "plan",
            "after": ["one"],
            "messages": [{"role": "user", "answer_of": "two"}, user("merge")],
            "tool_latency_s": 1.5,
            "extra": {"top_p": 0.5},
        },
    ],
}


def contents(prompt: Any) -> list[Any]:
    return [one["content"] for one in prompt.messages]


def test_forks_and_joins_become_edges_and_holes(tmp_path: Path) -> None:
    prompts, items = made(
        lines(tmp_path / "s.jsonl", [DAG, {"session": 2, "turns": [{"messages": [user("x")]}]}])
    )
    assert edges(prompts) == ([[], [0], [0], [0, 1, 2], []], [[], [0], [], [0, 2], []])
    assert [contents(one) for one in items[:4]] == [
        ["be brief", "plan"],
        ["be brief", "plan", LIVE, "part one"],
        ["be brief", "part two"],
        ["be brief", "plan", LIVE, ANSWER, "merge"],
    ]
    assert prompts.conversations is not None
    assert prompts.conversations.think_ns.tolist() == [0, 2_000_000_000, 0, 1_500_000_000, 0]
    assert items[3].fields == {"tools": TOOLS, "top_p": 0.5}
    assert [one.output_tokens for one in items] == [7, 3, 2, None, None]


def test_recorded_answers_need_no_holes(tmp_path: Path) -> None:
    prompts, items = made(lines(tmp_path / "s.jsonl", [DAG]), history="recorded")
    assert contents(items[3]) == ["be brief", "plan", "first this, then that", "two done", "merge"]
    assert edges(prompts) == ([[], [0], [0], [0, 1, 2]], [[]] * 4)
    lacking = {"session": "b", "turns": [{"messages": [user("x")]}, {"messages": [user("y")]}]}
    with pytest.raises(BadInput, match=r"a turn without a recorded answer.*--history live"):
        made(lines(tmp_path / "s.jsonl", [lacking]), history="recorded")


def test_a_plain_chain_has_no_edges(tmp_path: Path) -> None:
    row = {"session": "c", "turns": [{"messages": [user("x"), user("y")]}, {"messages": [user("z")]}]}
    prompts, items = made(lines(tmp_path / "s.jsonl", [row]))
    assert prompts.conversations is not None
    assert prompts.conversations.after is None
    assert contents(items[1]) == ["x", "y", ANSWER, "z"]


def test_recorded_tool_calls_are_sent_with_arguments_that_servers_can_read(tmp_path: Path) -> None:
    answers = [call("ls", '{"path": "."}'), call("ls", "{broken")]
    turns = [
        {"messages": [user("x")], "answer": answers[0]},
        {"messages": [result("a.txt")], "answer": answers[1]},
    ]
    thought = {"role": "assistant", "content": "", "reasoning_content": "hm"}
    turns += [{"messages": [result("b.txt")], "answer": thought}, {"messages": [user("so?")]}]
    prompts, items = made(lines(tmp_path / "s.jsonl", [{"session": "t", "turns": turns}]), history="recorded")
    sent = items[3].messages or ()
    assert [one["role"] for one in sent] == ["user", "assistant", "tool", "assistant", "tool", "user"]
    assert sent[1] == answers[0]
    assert sent[3]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert any("1 tool calls whose arguments are not a JSON object" in note for note in prompts.notes), (
        prompts.notes
    )
    assert any("nothing but reasoning" in note for note in prompts.notes)
    assert "User: x\nassistant" not in items[3].text
    assert 'ls {"path": "."}' in items[3].text


@pytest.mark.parametrize("keeps", [False, True])
def test_recorded_answers_lose_their_thoughts(tmp_path: Path, keeps: bool) -> None:
    said = {"role": "assistant", "content": "<think>hm</think>\n\nyes"}
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}]
    turns = [
        {"messages": [user("x")], "answer": said},
        {"messages": [user("y")], "answer": {**said, "content": parts}},
        {"messages": [user("z")], "answer": call("ls", "[1]")},
        {"messages": [result("a")]},
    ]
    path = lines(tmp_path / "s.jsonl", [{"session": "t", "turns": turns}])
    _, items = made(path, history="recorded", history_reasoning=keeps)
    sent = items[3].messages or ()
    assert sent[1]["content"] == (said["content"] if keeps else "yes")
    assert sent[3]["content"] == (parts if keeps else parts[1:])
    assert sent[5]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_pauses_and_contexts_are_capped_and_counted(tmp_path: Path) -> None:
    path = lines(tmp_path / "s.jsonl", [DAG])
    prompts, _ = made(path, idle_gap_cap_s=1.75)
    assert prompts.conversations is not None
    assert prompts.conversations.think_ns.max() == 1_750_000_000
    assert any(note.startswith("1 of 4 pauses were longer than --idle-gap-cap") for note in prompts.notes)
    most = made(path)[1][1].prompt_tokens + 2
    prompts, items = made(path, max_context=most)
    assert [contents(one)[-1] for one in items] == ["plan", "part two", "merge"], "its answer has 3 tokens"
    assert edges(prompts)[0] == [[], [0], [0, 1]]
    assert any(note.startswith("--max-context: 1 turns of 1 sessions are left out") for note in prompts.notes)
    with pytest.raises(BadInput, match="--max-context leaves no turn at all"):
        made(path, max_context=1)


def test_think_time_is_for_users_and_tool_latency_for_tools(tmp_path: Path) -> None:
    turns = [
        {"messages": [user("x")]},
        {"messages": [result("r")], "think_s": 0.25},
        {"messages": [user("y")]},
    ]
    path = lines(tmp_path / "s.jsonl", [{"session": "t", "turns": turns}])
    prompts, _ = made(path, think_time_s=3.0, tool_latency_s=0.5)
    assert prompts.conversations is not None
    assert (prompts.conversations.think_ns / 1e9).tolist() == [3.0, 0.75, 3.0]


def test_sessions_begin_at_their_recorded_times(tmp_path: Path) -> None:
    rows = [
        {"session": i, "at_s": at, "turns": [{"messages": [user("x")]}]}
        for i, at in enumerate((10, 11, 14.5))
    ]
    path = lines(tmp_path / "s.jsonl", rows)
    prompts, _ = made(path, speedup=2.0)
    assert prompts.arrivals_ns is not None
    assert (prompts.arrivals_ns / 1e9).tolist() == [0, 0.5, 2.25]
    assert made(path, own_times=False)[0].arrivals_ns is None
    assert made(lines(path, reversed(rows)))[0].arrivals_ns is None


def test_unknown_keys_are_named(tmp_path: Path) -> None:
    row = {"session": "a", "note": 1, "turns": [{"messages": [user("x")], "wait": 3}]}
    prompts, _ = made(lines(tmp_path / "s.jsonl", [row]))
    assert "keys of the file that are not used: note (1), turns.wait (1)" in prompts.notes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"session": None}, "session is None, neither a text nor a whole number"),
        ({"turns": []}, "turns is [], not a list"),
        ({"turns": [{"messages": []}]}, "turn '0': messages is []"),
        (
            {"turns": [{"messages": [{"role": "judge", "content": "x"}]}]},
            "the role 'judge' is unknown; known: system",
        ),
        (
            {"turns": [{"messages": [user("x")], "continues": "gone"}]},
            "continues names the turn 'gone', which is not there",
        ),
        (
            {"turns": [{"messages": [user("x")], "after": [3]}]},
            "after names the turn 3, which is not there; there are 0",
        ),
        (
            {"turns": [{"messages": [user("x")], "after": [0]}]},
            "turns that wait for each other: '0' waits for '0'",
        ),
        (
            {"turns": [{"messages": [user("x")], "think_s": "NaN"}]},
            "think_s is 'NaN', not a number of seconds",
        ),
        (
            {"turns": [{"messages": [user("x")], "think_s": 1e300}]},
            "think_s is 1e+300, not a number of seconds",
        ),
        (
            {"turns": [{"messages": [user("x")], "output_tokens": 0}]},
            "output_tokens is 0; it must be at least 1",
        ),
        ({"turns": [{"messages": [user("x")], "extra": {"stream": True}}]}, "extra cannot replace 'stream'"),
        ({"turns": [{"id": 1, "messages": [user("x")]}] * 2}, "two turns have the id '1'"),
        ({"turns": [{"messages": [{**call("f"), "tool_calls": [{}]}]}]}, "the tool call {} has no name"),
        ({"at_s": "soon"}, "at_s is 'soon', not a number"),
        ({"tools": "["}, "tools is text that is not JSON"),
    ],
)
def test_bad_sessions_are_named_by_line_and_key(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    good = {"session": "good", "turns": [{"messages": [user("x")]}]}
    path = lines(tmp_path / "s.jsonl", [good, {**good, "session": "bad", **change}])
    with pytest.raises(BadInput) as refused:
        made(path, strict_dataset=True)
    assert "1 of 2 lines cannot be used" in str(refused.value)
    assert said in str(refused.value)
    assert "(line 2)" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert made(path)[0].count == 1


def test_files_of_editors_and_torn_files(tmp_path: Path) -> None:
    row = json.dumps({"session": "a", "turns": [{"messages": [user("x")]}]})
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + row.encode() + b"\n" + row.replace('"a"', '"b"')[:40].encode())
    prompts, _ = made(path)
    assert prompts.count == 1
    assert any(
        "left out 1 of 2 lines" in note and "broken JSON" in note and "(line 2)" in note
        for note in prompts.notes
    )
    path.write_text(f"{row}\n{row}\n")
    assert any("a second session is called 'a' (line 2)" in note for note in made(path)[0].notes)
    path.write_text(row, encoding="utf-16")
    with pytest.raises(BadInput, match="is in UTF-16; save it as UTF-8"):
        made(path)
