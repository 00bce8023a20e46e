"""Turns over a growing history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.prompt import ANSWER
from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.recorded.conversations import conversation_prompts
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

CHAT = backend_named("openai-chat")
TALK = {
    "conversations": [
        {"from": "system", "value": "be kind"},
        {"from": "human", "value": "one two"},
        {"from": "gpt", "value": "three four five"},
        {"from": "human", "value": "six"},
        {"from": "gpt", "value": "seven"},
    ]
}
SHORT = {
    "messages": [
        {"role": "user", "content": "hi", "output_tokens": 3, "think_s": 2},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "bye", "think_s": 0.25},
    ]
}
TURNS = {"turns": ["just text", {"prompt": "again", "answer": "yes", "output_tokens": 5}]}


def made(path: Path | None = None, **given: Any) -> Prompts:
    options = {"count": None, "model": "m", "dataset": "conversations"}
    if path is not None:
        options["dataset_path"] = str(path)
    return conversation_prompts(WorkloadOptions(**(options | given)), CHAT)


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    path = tmp_path / "talks.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in (TALK, SHORT, TURNS)))
    return path


def test_turns_stand_in_order_with_holes_for_answers(talks: Path) -> None:
    prompts = made(talks)
    items = list(prompts.items)
    assert prompts.conversations is not None
    assert prompts.conversations.first.tolist() == [0, 2, 4, 6]
    assert prompts.conversations.think_ns.tolist() == [0, 0, 2_000_000_000, 250_000_000, 0, 0]
    assert [m["content"] for m in items[1].messages or ()] == ["be kind", "one two", ANSWER, "six"]
    assert items[1].text == f"be kind\n\nUser: one two\nAssistant: {ANSWER}\nUser: six\nAssistant:"
    assert [p.prompt_tokens for p in items] == [4, 8, 1, 3, 2, 3]
    assert [p.output_tokens for p in items] == [3, 1, 3, None, None, 5]
    assert any("estimates" in note for note in prompts.notes)


def test_recorded_answers_on_request(tmp_path: Path, talks: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps([TALK, SHORT]))
    prompts = made(path, history="recorded")
    items = list(prompts.items)
    assert [m["content"] for m in items[1].messages or ()] == ["be kind", "one two", "three four five", "six"]
    assert not any(ANSWER in item.text for item in items)
    prompts = made(talks, history="recorded")
    assert len(list(prompts.items)) == 4
    assert any(
        note.startswith("left out 1 of 3 lines of talks.jsonl") and "without a recorded answer" in note
        for note in prompts.notes
    )


def test_turns_requests_and_think_time_can_be_set(talks: Path) -> None:
    prompts = made(talks, turns=1, think_time_s=1.5, output_len=9)
    assert prompts.conversations is not None
    assert prompts.conversations.first.tolist() == [0, 1, 2, 3]
    assert set(prompts.conversations.think_ns.tolist()) == {1_500_000_000}
    assert [p.output_tokens for p in prompts.items] == [9, 3, 9]
    assert "the file has fewer turns than the 9 requested" in made(talks, count=9).notes
    cut = made(talks, count=3)
    assert not any("fewer" in note for note in cut.notes)
    assert cut.conversations is not None
    assert cut.conversations.first.tolist() == [0, 2, 3]


def test_without_a_file_they_are_of_random_words() -> None:
    prompts = made(count=7, input_len=4, output_len=5)
    items = list(prompts.items)
    assert prompts.conversations is not None
    assert prompts.conversations.first.tolist() == [0, 3, 6, 7]
    assert prompts.ignores_eos
    assert [p.prompt_tokens for p in items] == [4, 13, 22, 4, 13, 22, 4]
    assert len({p.text for p in items}) == 7
    with pytest.raises(BadInput, match="--history recorded needs --dataset-path"):
        made(history="recorded")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": 1}, "not exactly one list named conversations, messages or turns"),
        ({"turns": [5]}, "5 is not a turn"),
        ({"messages": [{"role": "judge", "content": "x"}]}, "the role 'judge' is unknown; known: user"),
        ({"messages": [{"content": "x"}]}, "does not say who spoke"),
        ({"messages": [{"role": "user", "content": None}]}, "has no text"),
        ({"messages": []}, "no user turn"),
        ({"turns": [{"prompt": ""}]}, "has no text"),
        ({"turns": [{"prompt": "a", "output_tokens": 0}]}, "output_tokens is 0"),
        ({"turns": [{"prompt": "a", "think_s": -1}]}, "think_s is -1"),
        ({"turns": [{"prompt": "a", "answer": 3}]}, "answer is 3"),
    ],
)
def test_bad_conversations_are_named_by_line(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f"{json.dumps(TALK)}\n{json.dumps(row)}\n")
    with pytest.raises(BadInput, match=rf"1 of 2 lines cannot be used: .*{said}.*\(line 2\)"):
        made(path, strict_dataset=True)
    prompts = made(path)
    assert prompts.count == 2
    assert prompts.rows is not None
    assert (prompts.rows["used"], prompts.rows["left_out"]) == (1, 1)
    assert prompts.rows["kinds"][0]["first_lines"] == [2]
