"""Mooncake's lines with session_id, texts, messages and bodies, as AIPerf reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.prompt import ANSWER, live_turn
from aisbench.errors import BadInput
from aisbench.workload.prompts import Prompts
from tests.workload.traces.made import pauses_of, prompts_of, sessions_of, words_of, written

CHAT = "openai-chat"
LENGTHS = [
    {"session_id": "a", "timestamp": 0, "input_length": 10, "output_length": 3, "hash_ids": [1, 2, 3]},
    {"session_id": "b", "timestamp": 250, "input_length": 4, "output_length": 3, "hash_ids": [1]},
    {"session_id": "a", "delay": 500, "input_length": 6, "output_length": 2, "hash_ids": [1, 9]},
    {"timestamp": 900, "input_length": 4, "output_length": 3, "hash_ids": [1]},
]


def messages_of(prompts: Prompts) -> list[list[tuple[str, str]]]:
    return [[(one["role"], one["content"]) for one in prompt.messages or ()] for prompt in prompts.items]


def read(tmp_path: Path, rows: list[dict[str, Any]], **given: Any) -> Prompts:
    wanted: dict[str, Any] = {"backend": CHAT, "block_size": 4} | given
    return prompts_of(written(tmp_path / "t.jsonl", rows), **wanted)


def test_lines_of_a_session_hold_what_is_new(tmp_path: Path) -> None:
    prompts = read(tmp_path, LENGTHS)
    assert prompts.arrivals_ns is not None
    assert (prompts.arrivals_ns / 1e6).tolist() == [0, 0, 250, 900]
    assert pauses_of(prompts) == [0.0, 0.5, 0.0, 0.0]
    first, second, third, last = messages_of(prompts)
    assert [role for role, _ in second] == ["user", "assistant", "user"]
    assert second[:2] == [*first, ("assistant", ANSWER)]
    assert [len(text.split()) for _, text in (first[0], second[2])] == [10, 6]
    # The same id is the same block in any line; the last block is as long as its rest.
    assert second[2][1].split()[:4] == first[0][1].split()[:4] == third[0][1].split() == last[0][1].split()
    assert any(
        "the lines of 1 sessions hold what is new in each turn, as in AIPerf" in one for one in prompts.notes
    )
    assert prompts.ignores_eos


def test_recorded_answers_are_words_of_their_lengths(tmp_path: Path) -> None:
    first, second, *_ = messages_of(read(tmp_path, LENGTHS, history="recorded"))
    assert second[0] == first[0]
    role, text = second[1]
    assert (role, len(text.split())) == ("assistant", 3)
    assert messages_of(read(tmp_path, LENGTHS, history="recorded"))[1] == second, "the same in every run"


def test_lines_may_be_said_to_be_whole_prompts(tmp_path: Path) -> None:
    rows = [
        {"session_id": "a", "timestamp": 0, "input_length": 10, "output_length": 3, "hash_ids": [1, 2, 3]},
        {"session_id": "a", "delay": 500, "input_length": 16, "output_length": 2, "hash_ids": [1, 2, 4, 5]},
    ]
    prompts = read(tmp_path, rows, trace_prompts="whole")
    assert [prompt.prompt_tokens for prompt in prompts.items] == [10, 16]
    assert sessions_of(prompts) == [[[], [0]]]
    assert pauses_of(prompts) == [0.0, 0.5]
    assert any("8 of 26 input tokens" in note for note in prompts.notes)
    (doubt,) = (note for note in read(tmp_path, rows).notes if "as whole prompts do" in note)
    assert doubt.startswith("each line of 1 sessions begins with the hash ids of the line before")
    assert not any("as whole prompts do" in note for note in read(tmp_path, LENGTHS).notes)


def test_times_of_later_lines(tmp_path: Path) -> None:
    rows = [{**LENGTHS[0]}, {**LENGTHS[2], "delay": None, "timestamp": 3000}]
    prompts = read(tmp_path, rows)
    assert prompts.conversations is not None
    assert prompts.conversations.not_before_ns is not None
    assert (prompts.conversations.not_before_ns / 1e9).tolist() == [0, 3]
    prompts = read(tmp_path, rows, turn_times="pauses")
    assert prompts.conversations is not None
    assert prompts.conversations.not_before_ns is None
    prompts = read(tmp_path, rows, trace_prompts="whole", speedup=2.0)
    assert prompts.conversations is not None
    assert prompts.conversations.not_before_ns is not None
    assert (prompts.conversations.not_before_ns / 1e9).tolist() == [0, 1.5]


def test_delays_are_shortened_by_speedup_and_cap(tmp_path: Path) -> None:
    assert pauses_of(read(tmp_path, LENGTHS, speedup=2.0))[1] == 0.25
    prompts = read(tmp_path, LENGTHS, idle_gap_cap_s=0.1)
    assert pauses_of(prompts)[1] == 0.1
    assert any("1 of 4 pauses were longer than --idle-gap-cap" in note for note in prompts.notes)


def test_texts_and_messages_of_deltas_are_added(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    rows: list[dict[str, Any]] = [
        {
            "session_id": "a",
            "timestamp": 0,
            "text_input": "hello",
            "output_length": 16,
            "extra": {"top_k": 1},
        },
        {
            "session_id": "a",
            "delay": 500,
            "messages": [{"role": "user", "content": "and then?"}],
            "message_mode": "delta",
            "tools": tools,
        },
    ]
    prompts = read(tmp_path, rows)
    assert not prompts.ignores_eos
    first, second = prompts.items
    assert first.fields == {"top_k": 1}
    assert second.fields == {"tools": tools}
    assert [one["content"] for one in second.messages or ()] == [
        "hello",
        live_turn([])["content"],
        "and then?",
    ]


def test_whole_messages_and_bodies_are_sent_as_they_are(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "a"}]
    more = [*said, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    rows: list[dict[str, Any]] = [
        {"session_id": "a", "messages": said, "output_length": 5},
        {"session_id": "a", "messages": more, "output_length": 5, "delay": 20},
        {"session_id": "b", "payload": {"model": "x", "messages": said, "max_tokens": 7}},
        {"session_id": "b", "payload": {"model": "x", "messages": more, "max_tokens": 7}},
    ]
    prompts = read(tmp_path, rows, own_times=False)
    assert sessions_of(prompts) == [[[], [0]], [[], [0]]]
    one, two, three, four = prompts.items
    assert [list(prompt.messages or ()) for prompt in (one, two)] == [said, more]
    assert [json.loads(prompt.body or b"")["messages"] for prompt in (three, four)] == [said, more]
    assert [prompt.output_tokens for prompt in (one, three)] == [5, 7]
    assert any(
        "the lines of 2 sessions hold whole prompts; nothing is added" in note for note in prompts.notes
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"session_id": "a", "text_input": "x", "input_length": 4}], "not exactly one of input_length, text_input"),
        ([{"session_id": "a"}], "messages, payload, but none"),
        ([{"session_id": "a", "text_input": 5}], "text_input is 5, not a text with something in it"),
        ([{"session_id": "a", "text_input": "x", "tools": []}], "tools go with messages, not with text_input"),
        ([{"session_id": "a", "text_input": "x", "delay": -1}], "delay is -1, not a number of milliseconds"),
        ([{"session_id": "a", "input_length": 4}], "output_length is missing"),
        ([{"session_id": "a", "messages": [{"role": "user", "content": "x"}], "message_mode": "all"}], "message_mode is 'all'; known: history, delta"),
        ([{"session_id": "a", "messages": [{"content": "x"}]}], "has no role"),
    ],
)  # fmt: skip
def test_lines_that_cannot_be_used(tmp_path: Path, rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(tmp_path, rows)


def test_the_two_readings_are_not_mixed_in_a_session(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"session_id": "a", "text_input": "x"},
        {"session_id": "a", "messages": [{"role": "user", "content": "x"}]},
        {"session_id": "a", "text_input": "y"},
        {"session_id": "b", "text_input": "z"},
    ]
    prompts = read(tmp_path, rows)
    assert prompts.count == 2
    (note,) = (note for note in prompts.notes if note.startswith("left out"))
    assert "session 'a' has whole prompts and lines that hold what is new; one of them only (line 2)" in note
    assert "session 'a' lacks an earlier line (line 3)" in note


def test_unknown_keys_are_named(tmp_path: Path) -> None:
    prompts = read(tmp_path, [{"session_id": "a", "text_input": "x", "prioritiy": 1}])
    assert "keys of the file that are not used: prioritiy (1)" in prompts.notes
    assert "recorded times are not used, as some sessions have none" in prompts.notes


def test_a_window_keeps_sessions_by_their_first_times(tmp_path: Path) -> None:
    prompts = read(tmp_path, LENGTHS, trace_start_s=0.1)
    assert prompts.count == 2
    prompts = read(tmp_path, LENGTHS, trace_end_s=0.1)
    assert prompts.count == 2
    assert "--trace-start and --trace-end leave 1 of 3 sessions, by their first times" in prompts.notes
    with pytest.raises(
        BadInput, match=r"--trace-start: nothing of the trace is in that window; it is 0.9 s long"
    ):
        read(tmp_path, LENGTHS, trace_start_s=1.0)


def test_what_is_new_cannot_be_sent_alone(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match="lines of this trace hold only what is new, and need the turns before"
    ):
        read(tmp_path, LENGTHS, turn_times="alone")
    said = [{"role": "user", "content": "a"}]
    rows: list[dict[str, Any]] = [
        {"session_id": "a", "messages": said, "timestamp": 0},
        {"session_id": "b", "messages": said, "timestamp": 5},
        {"session_id": "a", "messages": said, "timestamp": 9},
    ]
    prompts = read(tmp_path, rows, turn_times="alone")
    assert prompts.arrivals_ns is not None
    assert (prompts.arrivals_ns / 1e6).tolist() == [0, 5, 9]
    assert prompts.conversations is not None
    assert prompts.conversations.first.tolist() == [0, 1, 2, 3]


def test_seconds_in_timed_trace(tmp_path: Path) -> None:
    prompts = read(tmp_path, [LENGTHS[0], {**LENGTHS[2], "delay": 1.5}], dataset="timed_trace")
    assert pauses_of(prompts) == [0.0, 1.5]


def test_an_empty_answer_becomes_one_token(tmp_path: Path) -> None:
    prompts = read(tmp_path, [{"session_id": "a", "text_input": "x", "output_length": 0}])
    assert [prompt.output_tokens for prompt in prompts.items] == [1]


def test_a_backend_without_roles_gets_lines_of_text(tmp_path: Path) -> None:
    prompts = read(tmp_path, LENGTHS, backend="openai")
    words = words_of(prompts)
    assert len(words[0]) == 10
    assert ANSWER in words[1]


def test_other_options_of_sessions(tmp_path: Path) -> None:
    assert read(tmp_path, LENGTHS, turns=1).count == 3
    assert pauses_of(read(tmp_path, LENGTHS, think_time_s=2.0))[1] == 2.0
    assert read(tmp_path, LENGTHS, max_context=15).count == 3
