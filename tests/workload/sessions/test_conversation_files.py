"""Conversations with tools, parts, and several messages in a turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.prompt import ANSWER, live_turn
from aisbench.errors import BadInput
from tests.workload.sessions.made import call, edges, lines, made, result, says, user

SPEC = {"name": "ls", "parameters": {"type": "object"}}
TOOLS = [{"type": "function", "function": SPEC}]
LOG = {
    "id": "log",
    "tools": TOOLS,
    "tool_choice": "auto",
    "messages": [
        {"role": "system", "content": "be kind"},
        user("context"),
        {**user("question"), "output_tokens": 7, "extra": {"top_p": 0.5}},
        call("ls", '{"path": "."}'),
        {**result("a.txt"), "tool_latency_s": 0.75},
        {"role": "developer", "content": "hurry"},
        says("it is a.txt"),
        {**user("thanks"), "think_s": 2},
    ],
}


def roles(prompt: Any) -> list[str]:
    return [one["role"] for one in prompt.messages]


def test_a_turn_is_all_between_two_answers(tmp_path: Path) -> None:
    prompts, items = made(lines(tmp_path / "f.jsonl", [LOG]), "conversations", history="recorded")
    assert [len(one.messages or ()) for one in items] == [3, 6, 8]
    assert roles(items[2]) == ["system", "user", "user", "assistant", "tool", "system", "assistant", "user"]
    assert items[2].messages[3] == LOG["messages"][3]  # type: ignore[index]
    assert items[0].fields == {"tools": TOOLS, "tool_choice": "auto", "top_p": 0.5}
    assert items[0].output_tokens == 7
    assert prompts.conversations is not None
    assert (prompts.conversations.think_ns / 1e9).tolist() == [0, 0.75, 2]
    assert prompts.conversations.after is None


def test_a_backend_without_roles_gets_all_of_it_as_text(tmp_path: Path) -> None:
    path = lines(tmp_path / "f.jsonl", [LOG])
    prompts, items = made(path, "conversations", "openai", history="recorded")
    assert "\nTool: a.txt\n" in items[2].text
    assert 'Assistant: ls {"path": "."}' in items[2].text
    assert items[0].fields == {"top_p": 0.5}
    assert "3 requests with tools, which openai-completions does not take" in prompts.notes


def test_sharegpt_s_calls_and_observations_become_tool_calls(tmp_path: Path) -> None:
    said = [
        {"from": "human", "value": "list"},
        {"from": "function_call", "value": json.dumps({"name": "ls", "arguments": {"path": "."}})},
        {"from": "observation", "value": "a.txt"},
        {"from": "gpt", "value": "it is a.txt"},
    ]
    row = {"conversations": said, "tools": json.dumps([SPEC])}
    _, items = made(lines(tmp_path / "f.jsonl", [row]), "conversations", history="recorded")
    sent = items[1].messages or ()
    assert sent[1] == call("ls", '{"path": "."}', "call_0")
    assert sent[2] == result("a.txt", "call_0")
    assert items[0].fields == {"tools": TOOLS}
    said[1]["value"] = "ls ."
    with pytest.raises(BadInput, match=r"the tool call 'ls \.' is not JSON \(line 1\)"):
        made(lines(tmp_path / "f.jsonl", [row]), "conversations")


def test_images_are_sent_and_parts_of_text_are_joined(tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "http://x/y.png"}}
    text = {"type": "text", "text": "look"}
    path = lines(tmp_path / "f.jsonl", [{"messages": [user([text, image]), says("y"), user([text, text])]}])  # type: ignore[arg-type]
    prompts, items = made(path, "conversations")
    assert [one["content"] for one in items[1].messages or ()] == [[text, image], ANSWER, "look\nlook"]
    assert not any("parts" in note for note in prompts.notes)
    assert (
        "1 parts other than text, which openai-completions does not take"
        in made(path, "conversations", "openai")[0].notes
    )


def test_a_prompt_may_be_a_list_of_texts_and_of_nothing_else(tmp_path: Path) -> None:
    row: dict[str, Any] = {"prompt": ["look", {"text": "here"}]}
    _, (item,) = made(lines(tmp_path / "f.jsonl", [{"conversations": [row]}]), "conversations")
    assert [one["content"] for one in item.messages or ()] == ["look\nhere"]
    for odd in (True, None, 1, ["text"]):
        row["prompt"] = ["look", odd]
        with pytest.raises(BadInput, match=r"which is no part of a message \(line 1\)"):
            made(lines(tmp_path / "f.jsonl", [{"conversations": [row]}]), "conversations")


def test_without_answers_each_message_of_a_user_is_a_turn(tmp_path: Path) -> None:
    talk = [user("x"), user("y")]
    for rows in ([talk], [talk, talk], [[talk, talk]]):
        _, items = made(lines(tmp_path / "f.jsonl", rows), "conversations")
        assert [one["content"] for one in items[1].messages or ()] == ["x", ANSWER, "y"]
        assert len(items) in (2, 4)


def test_what_is_not_sent_is_named(tmp_path: Path) -> None:
    rows = [{"source": "web", "messages": [says("hello"), {**user("x"), "time": 5}, says(""), user("y")]}]
    prompts, items = made(lines(tmp_path / "f.jsonl", rows), "conversations")
    assert [one["content"] for one in items[1].messages or ()] == ["x", ANSWER, "y"]
    note = next(one for one in prompts.notes if one.startswith("keys of the file"))
    for said in ("source (1)", "time (1)", "messages of the assistant before the first of a user (1)"):
        assert said in note


def test_vllm_s_multi_turn_input_and_bodies_are_conversations_under_this_name(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps([{"id": 3, "messages": [user("x"), says("y"), user("z")]}]))
    prompts, items = made(path, "conversations")
    assert len(items) == 2
    assert prompts.conversations is not None
    assert prompts.conversations.after is None
    body = {"model": "big", "temperature": 0, "messages": [user("x"), says("y"), user("z")]}
    assert len(made(lines(path, [body]), "conversations")[1]) == 2
    assert edges(
        made(
            lines(path, [{"session": 1, "turns": [{"messages": [user("x")], "continues": None}] * 2}]),
            "conversations",
        )[0]
    )


@pytest.mark.parametrize("old", ["answers", "live"])
def test_answers_is_the_old_name_of_live(tmp_path: Path, old: str) -> None:
    items = made(lines(tmp_path / "f.jsonl", [LOG]), "conversations", history=old)[1]
    sent = items[2].messages or ()
    assert sent[3] == live_turn([{"name": "ls", "content": "a.txt"}])
    assert sent[5] == live_turn([])
    assert roles(items[2]) == ["system", "user", "user", "assistant", "system", "assistant", "user"]
    assert "Assistant: " + ANSWER + "\nTool: a.txt" in items[2].text
