"""The formats of other tools: what their files become, by guess and by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.prompt import ANSWER, live_turn
from aisbench.errors import BadInput
from aisbench.workload.sessions.formats.registry import FORMATS, format_of
from tests.workload.sessions.made import call, edges, lines, made, result, says, user

TOOLS = [{"type": "function", "function": {"name": "ls", "parameters": {}}}]
MULTI = [
    {"session_id": "a", "turns": [{"text": "hi", "output_length": 4}, {"text": "and?", "delay": 500}]},
    {"session_id": "b", "turns": [{"texts": ["one", "two"]}]},
]
ROWS = [
    {
        "conversation_id": "c",
        "turn": 1,
        "role": "user",
        "content": "list",
        "system": "be brief",
        "max_new_tokens": 6,
    },
    {"conversation_id": "c", "turn": 2, **call("ls"), "tools": TOOLS, "reasoning_content": "hm"},
    {
        "conversation_id": "c",
        "turn": 3,
        "role": "tool",
        "tool_results": [{"tool_call_id": "k1", "content": "a"}],
        "delay_seconds": 0.5,
    },
    {"conversation_id": "c", "turn": 4, "role": "assistant", "content": "it is a"},
    {"conversation_id": "d", "turn": 1, "role": "user", "content": "x"},
]
BODIES = [
    {"model": "big", "messages": [user("x")], "max_tokens": 5},
    {"model": "big", "messages": [user("x"), says("y"), user("z")], "stream": False},
]
FILES: dict[str, Any] = {
    "multi_turn": MULTI,
    "dag_jsonl": [{"session_id": "r", "turns": [{"messages": [user("x")], "max_tokens": 3}]}],
    "raw_payload": BODIES,
    "mlcommons_agentic": ROWS,
    "workload_trace": [{"timestamp": 5.5, "body": BODIES[0]}],
    "sessions": [{"session": 1, "turns": [{"messages": [user("x")]}]}],
    "conversations": [{"id": "0", "messages": [user("x"), says("y")]}],
}
WHOLE: dict[str, Any] = {
    "inputs_json": {"data": [{"session_id": "a", "payloads": BODIES}]},
    "agentic_trace": {"metadata": {}, "conversations": [[{"messages": [user("x")], "prompt_tokens": 9}]]},
    "otel_spans": {"spans": []},
}


def contents(prompt: Any) -> list[Any]:
    return [one.get("content") for one in prompt.messages]


def think_s(prompts: Any) -> list[float]:
    found: list[float] = (prompts.conversations.think_ns / 1e9).tolist()
    return found


def test_every_format_is_guessed_by_its_first_keys(tmp_path: Path) -> None:
    for name, rows in FILES.items():
        assert format_of(lines(tmp_path / "f.jsonl", rows)) == name
    for name, value in WHOLE.items():
        for indent in (None, 1):
            (tmp_path / "f.json").write_text(json.dumps(value, indent=indent))
            assert format_of(tmp_path / "f.json") == name
    assert {*FILES, *WHOLE} == set(FORMATS)


def test_turns_of_aiperf(tmp_path: Path) -> None:
    prompts, items = made(lines(tmp_path / "f.jsonl", MULTI))
    assert contents(items[1]) == ["hi", ANSWER, "and?"]
    assert contents(items[2]) == [[{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]]
    assert think_s(prompts) == [0, 0.5, 0]
    assert items[0].output_tokens == 4
    assert any("is read as multi_turn" in note for note in prompts.notes)


def test_single_turns_follow_one_another_without_a_history(tmp_path: Path) -> None:
    rows = [{"session_id": "a", "text": text, "delay": 100} for text in ("x", "y")] + [{"text": "z"}]
    prompts, items = made(lines(tmp_path / "f.jsonl", rows))
    assert edges(prompts) == ([[], [0], []], [[], [], []])
    assert [contents(one) for one in items] == [["x"], ["y"], ["z"]]


def talk(name: str, *turns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "session_id": name,
        "turns": [{"messages": [user(f"{name}{i}")], **one} for i, one in enumerate(turns)],
        **more,
    }


def test_spawns_and_forks_of_a_dag(tmp_path: Path) -> None:
    rows = [
        talk(
            "root",
            {"spawns": ["w", {"children": ["v"], "join_at": 2}]},
            {},
            {"delay": 250, "forks": ["f", "g"]},
        ),
        *(talk("w", {}, {}), talk("v", {}), talk("f", {}), talk("g", {})),
    ]
    prompts, items = made(lines(tmp_path / "f.jsonl", rows))
    assert prompts.conversations is not None
    assert prompts.conversations.first.tolist() == [0, 8]
    told = [contents(one)[-1] for one in items]
    assert told == ["root0", "w0", "w1", "v0", "root1", "root2", "f0", "g0"]
    after, fills = edges(prompts)
    assert after == [[], [0], [1], [0], [0, 2], [3, 4], [5], [5]]
    assert fills == [[], [], [1], [], [0], [0, 4], [0, 4, 5], [0, 4, 5]]
    assert contents(items[6]) == ["root0", ANSWER, "root1", ANSWER, "root2", ANSWER, "f0"]
    assert think_s(prompts)[5] == 0.25


def test_rounds_of_an_orchestrator_and_children_that_start_twice(tmp_path: Path) -> None:
    rows = [
        {"session_id": "o", "orchestrator": True, "spawns": ["w", "v"], "rounds": 2, "think_time_ms": 100},
        *(talk("w", {}), talk("v", {})),
    ]
    prompts, items = made(lines(tmp_path / "f.jsonl", rows))
    assert edges(prompts)[0] == [[], [], [0, 1], [0, 1]]
    assert think_s(prompts) == [0, 0, 0.1, 0.1]
    assert len(items) == 4


def test_answers_within_a_dag_s_messages_are_recorded_ones(tmp_path: Path) -> None:
    turns = [{"messages": [user("x")]}, {"messages": [says("y"), user("z")]}]
    path = lines(
        tmp_path / "f.jsonl", [{"session_id": "r", "context_mode": "deltas_with_responses", "turns": turns}]
    )
    assert contents(made(path)[1][1]) == ["x", ANSWER, "z"]
    assert contents(made(path, history="recorded")[1][1]) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([talk("a", {}), talk("a", {})], "a second session is called 'a' (line 2)"),
        ([talk("a", {"spawns": ["b"]})], "it starts 'b', which is not in the file (line 1)"),
        ([talk("a", {"spawns": ["b"]}), talk("b", {"spawns": ["a"]})], "conversations that start each other"),
        ([talk("a", {"spawns": ["a"]})], "conversations that start each other: 'a' starts 'a'"),
        (
            [talk("a", {"forks": ["c"]}), talk("b", {"forks": ["c"]}), talk("c", {})],
            "'c' is forked a second time (line 2)",
        ),
        (
            [talk("a", {"spawns": [{"children": ["b"], "join_at": 0}]}), talk("b", {})],
            "join_at is 0, not a turn after 0",
        ),
        ([talk("a", {"forks": ["b"]}, {}), talk("b", {})], "turn 0 ends in forks, but turns follow it"),
        ([talk("a", {"delay": 1e300})], "delay is 1e+300, not a number of milliseconds"),
        ([talk("a", {"delay": "NaN"})], "delay is 'NaN', not a number of milliseconds"),
        ([talk("a", {"max_tokens": 0})], "max_tokens is 0; it must be at least 1"),
        ([talk("a", {}, context_mode="x")], "context_mode is 'x'; known: deltas_without_responses"),
        ([talk("a", {"spawns": ["b"]}), {"session_id": "b", "turns": [{}]}], "messages is None, not a list"),
    ],
)
def test_a_bad_line_refuses_a_dag(tmp_path: Path, rows: list[Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        made(lines(tmp_path / "f.jsonl", rows), "dag_jsonl")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_dag_that_multiplies_ends(tmp_path: Path) -> None:
    rows = [talk(f"t{i}", {"spawns": [f"t{i + 1}"] * 10}) for i in range(8)] + [talk("t8", {})]
    with pytest.raises(BadInput, match="more than 100,000 turns in all"):
        made(lines(tmp_path / "f.jsonl", rows))
    deep = [talk(f"t{i}", {"spawns": [f"t{i + 1}"]}) for i in range(3000)] + [talk("t3000", {})]
    with pytest.raises(BadInput, match="nested too deeply"):
        made(lines(tmp_path / "f.jsonl", deep))


def test_rows_of_messages_become_sessions_with_recorded_answers(tmp_path: Path) -> None:
    prompts, items = made(lines(tmp_path / "f.jsonl", ROWS))
    assert prompts.conversations is not None
    assert prompts.conversations.first.tolist() == [0, 2, 3]
    assert think_s(prompts) == [0, 0.5, 0]
    sent = items[1].messages or ()
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "tool"]
    assert "reasoning_content" not in sent[2]
    assert items[0].output_tokens == 6
    assert items[1].fields == {"tools": TOOLS}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"role": "user", "content": "x"}, "conversation_id is None"),
        (
            {"conversation_id": "d", "turn": 1, "role": "user", "content": "x"},
            "turn is 1 after 1; turns must rise",
        ),
        ({"conversation_id": "c", "turn": 9, "role": "user", "content": "x"}, "'c' do not stand together"),
        (
            {"conversation_id": "e", "turn": 1, "role": "assistant", "content": "x"},
            "begins with the assistant",
        ),
        ({"conversation_id": "e", "turn": 1, "role": "tool", "content": "x"}, "tool_call_id is None"),
        (
            {"conversation_id": "e", "turn": 1, "role": "user", "content": "x", "delay_seconds": -1},
            "delay_seconds is -1",
        ),
        ({"conversation_id": "e", "turn": 1, "role": "judge", "content": "x"}, "the role 'judge' is unknown"),
    ],
)
def test_a_bad_row_leaves_out_its_conversation(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    prompts, _ = made(lines(tmp_path / "f.jsonl", [*ROWS, row]), "mlcommons_agentic")
    note = next(one for one in prompts.notes if one.startswith("left out"))
    assert said in note
    assert "(line 6)" in note


def test_bodies_are_sent_as_they_are_but_for_the_run_s_own_fields(tmp_path: Path) -> None:
    path = lines(tmp_path / "f.jsonl", BODIES)
    _, items = made(path)
    bodies = [json.loads(one.body or b"") for one in items]
    added = {"stream": True, "stream_options": {"include_usage": True}}
    assert bodies == [{**BODIES[0], **added}, {"model": "big", "messages": BODIES[1]["messages"], **added}]
    assert [one.output_tokens for one in items] == [5, None]
    assert [one.prompt_tokens for one in items] == [1, 7]
    changed = made(
        path, model_is_named=True, temperature=0.0, extra_body={"seed": 1}, omit_field=("max_tokens",)
    )[1]
    assert json.loads(changed[0].body or b"") == {
        "model": "m",
        "messages": BODIES[0]["messages"],
        **added,
        "temperature": 0.0,
        "seed": 1,
    }
    with pytest.raises(BadInput, match=r"--history live: .* whole bodies.*aisbench workload import"):
        made(path, history="live")
    with pytest.raises(
        BadInput, match="give the backend that they were made for, such as --backend openai-chat"
    ):
        made(path, backend="openai")


def test_each_file_of_a_folder_is_a_session(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    lines(folder / "b.jsonl", BODIES)
    lines(folder / "a.jsonl", BODIES[:1])
    (folder / "README.md").write_text("not a session")
    prompts, _ = made(folder)
    assert prompts.conversations is not None
    assert prompts.conversations.first.tolist() == [0, 1, 3]
    assert edges(prompts) == ([[], [], [0]], [[], [], []])
    assert any("README.md (1)" in note for note in prompts.notes)
    (folder / "c.json").write_text("{")
    assert any("left out 1 of 3 files" in note and "(file c.json)" in note for note in made(folder)[0].notes)


def test_bodies_of_sessions_in_one_object(tmp_path: Path) -> None:
    path = tmp_path / "inputs.json"
    path.write_text(json.dumps(WHOLE["inputs_json"], indent=2))
    prompts, items = made(path)
    assert len(items) == 2
    assert edges(prompts)[0] == [[], [0]]
    path.write_text('{"data": [{"session_id": "a", "payloads": [{"max_tokens": 3}]}]}')
    with pytest.raises(BadInput, match=r"a body without messages, prompt or input \(line 1\)"):
        made(path)
    path.write_text('{"data": [')
    with pytest.raises(BadInput, match="broken JSON in "):
        made(path, "inputs_json")


def test_a_log_of_bodies_is_sent_at_its_times(tmp_path: Path) -> None:
    rows = [
        {"timestamp": "2026-01-02T03:04:06Z", "body": json.dumps(BODIES[0]), "completion_tokens": 0},
        {
            "timestamp": "2026-01-02T03:04:05Z",
            "body": BODIES[1],
            "completion_tokens": 7,
            "headers": {"a": "b"},
        },
    ]
    prompts, items = made(lines(tmp_path / "f.jsonl", rows))
    assert prompts.arrivals_ns is not None
    assert prompts.arrivals_ns.tolist() == [0, 1_000_000_000]
    assert [one.output_tokens for one in items] == [7, 5]
    assert "keys of the file that are not used: headers (1)" in prompts.notes
    assert "1 empty answers, which become answers of 1 token" in prompts.notes
    rows = [{"body": "{"}, {"body": 3}, {"timestamp": "soon", "body": BODIES[0]}, {"body": BODIES[0]}]
    note = made(lines(tmp_path / "f.jsonl", rows), "workload_trace")[0].notes[1]
    for said in ("body: broken JSON", "body is 3, not an object", "timestamp is 'soon', not a number"):
        assert said in note


def test_new_messages_of_sglang(tmp_path: Path) -> None:
    talks = [
        [{"messages": [user("x"), user("y")], "prompt_tokens": 9}, {"messages": [result("z")]}],
        [],
        [{"messages": 1}],
    ]
    (tmp_path / "f.json").write_text(json.dumps({"metadata": {}, "conversations": talks}))
    prompts, items = made(tmp_path / "f.json")
    assert items[1].messages == (user("x"), user("y"), live_turn([{"name": None, "content": "z"}]))
    assert any("left out 2 of 3" in note for note in prompts.notes)


def test_what_is_no_file_of_sessions_says_so(tmp_path: Path) -> None:
    path = lines(tmp_path / "w.jsonl", [{"slot": 0, "body": {}, "sha256": "x"}])
    with pytest.raises(BadInput, match="send it with --dataset file"):
        made(path)
    with pytest.raises(BadInput, match="generated conversations"):
        made(lines(path, [{"filetype": "generate_conversations"}]))
    with pytest.raises(BadInput, match=r"is a folder; --dataset dag_jsonl needs"):
        made(tmp_path, "dag_jsonl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"a folder without .json or .jsonl files"):
        made(tmp_path / "empty")
    with pytest.raises(BadInput, match="generates no answers to continue from"):
        made(lines(path, FILES["sessions"]), backend="openai-embeddings")
