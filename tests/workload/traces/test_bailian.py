"""Bailian's traces: whole prompts, and chats that continue others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.errors import BadInput
from tests.workload.traces.made import prompts_of, sessions_of, words_of, written


def chat(name: int, parent: int, at_s: float, length: int, ids: list[int], **more: Any) -> dict[str, Any]:
    return {
        "chat_id": name,
        "parent_chat_id": parent,
        "timestamp": at_s,
        "input_length": length,
        "output_length": 5,
        "type": "text",
        "turn": 1,
        "hash_ids": ids,
    } | more


TALK = [
    chat(1, -1, 10.0, 40, [1, 2, 3]),
    chat(7, -1, 11.5, 16, [9]),
    chat(2, 1, 12.0, 60, [1, 2, 4, 5], turn=2),
    chat(3, 2, 20.25, 70, [1, 2, 4, 6, 7], turn=3),
]


def test_a_chat_that_continues_another_follows_it_in_its_session(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", TALK))
    assert sessions_of(prompts) == [[[], [0], [1]], [[]]]
    assert prompts.arrivals_ns is not None
    assert prompts.arrivals_ns.tolist() == [0, 0, 0, 1_500_000_000]
    assert prompts.conversations is not None
    assert prompts.conversations.fills is not None
    assert len(prompts.conversations.fills) == 0, "no body has a hole for an answer"
    assert any("(bailian)" in note for note in prompts.notes)
    assert any("with the server's own answers it could, up to 10 tokens" in note for note in prompts.notes)


def test_rows_are_whole_prompts_in_blocks_of_16(tmp_path: Path) -> None:
    words = words_of(prompts_of(written(tmp_path / "t.jsonl", TALK)))
    assert [len(one) for one in words] == [40, 60, 70, 16], "history is not added to a row that has it"
    assert words[0][:32] == words[1][:32] == words[2][:32]
    assert words[1][32:48] == words[2][32:48]
    assert words[1][48:] != words[2][48:60]


def test_seconds_are_read_in_either_data_set(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", TALK)
    for dataset in ("trace", "timed_trace"):
        notes = prompts_of(path, dataset=dataset).notes
        assert "times are read as seconds: 4 requests in 10.25 s" in notes


def test_a_chat_whose_parent_is_missing_begins_a_session(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.jsonl", [chat(5, 4, 1.0, 16, [1], turn=3), chat(6, 5, 2.0, 32, [1, 2], turn=4)]
    )
    prompts = prompts_of(path)
    assert sessions_of(prompts) == [[[], [0]]]
    assert any(note.startswith("1 chats continue one that is not in the file") for note in prompts.notes)


def test_two_that_continue_one_at_one_instant_are_branches(tmp_path: Path) -> None:
    rows = [
        chat(1, -1, 1.0, 16, [1]),
        chat(2, 1, 5.0, 32, [1, 2], turn=2),
        chat(3, 1, 5.0, 32, [1, 3], turn=2),
        chat(4, 2, 6.0, 48, [1, 2, 4], turn=3),
    ]
    prompts = prompts_of(written(tmp_path / "t.jsonl", rows))
    assert sessions_of(prompts) == [[[], [0], [0], [1]]]
    assert any(note.startswith("1 chats are continued more than once") for note in prompts.notes)


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", TALK[::-1]))
    assert sessions_of(prompts) == [[[], [0], [1]], [[]]]
    assert [len(one) for one in words_of(prompts)] == [40, 60, 70, 16]


def test_alone_every_row_is_sent_at_its_own_time(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", TALK), turn_times="alone")
    assert prompts.conversations is None
    assert prompts.arrivals_ns is not None
    assert (prompts.arrivals_ns / 1e9).tolist() == [0, 1.5, 2, 10.25]
    assert [prompt.prompt_tokens for prompt in prompts.items] == [40, 16, 60, 70]


def test_pauses_are_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a bailian trace does not say when answers ended; give recorded or"):
        prompts_of(written(tmp_path / "t.jsonl", TALK), turn_times="pauses")


def test_rows_that_cannot_be_used_are_left_out(tmp_path: Path) -> None:
    rows = [
        *TALK,
        chat(7, -1, 30.0, 16, [1]),
        chat(8, 8, 30.0, 16, [1]),
        chat(9, -1, 30.0, 16, [1], output_length=0),
    ]
    prompts = prompts_of(written(tmp_path / "t.jsonl", rows))
    assert prompts.count == 4
    (note,) = (note for note in prompts.notes if note.startswith("left out"))
    for said in (
        "chat_id 7 occurs twice (line 5)",
        "chat 8 is its own parent (line 6)",
        "an output length of 0",
    ):
        assert said in note


def test_chats_in_a_circle_are_cut(tmp_path: Path) -> None:
    rows = [chat(1, 2, 1.0, 16, [1]), chat(2, 1, 2.0, 16, [1])]
    prompts = prompts_of(written(tmp_path / "t.jsonl", rows))
    assert sessions_of(prompts) == [[[], [0]]]
    assert any("1 circles are cut at their first chat" in note for note in prompts.notes)


def test_ids_may_be_absent_and_the_last_may_be_of_a_whole_block_only(tmp_path: Path) -> None:
    rows = [chat(1, -1, 1.0, 40, []), chat(2, 1, 2.0, 40, [1, 2]), chat(3, 2, 3.0, 60, [1, 2, 4])]
    prompts = prompts_of(written(tmp_path / "t.jsonl", rows))
    words = words_of(prompts)
    assert words[1] == words[2][:40], "the tail has the words that stand there in the next turn"
    assert not any("hash ids" in note for note in prompts.notes)


def test_a_window_of_the_trace(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", TALK)
    prompts = prompts_of(path, trace_start_s=1.5)
    assert sessions_of(prompts) == [[[]], [[], [0]]]
    assert prompts.arrivals_ns is not None
    assert (prompts.arrivals_ns / 1e9).tolist() == [0, 0.5, 0.5]
    assert "--trace-start and --trace-end leave 3 of 4 requests" in prompts.notes
    assert prompts_of(path, trace_end_s=2.0).conversations is None, "the end itself is outside"
    assert prompts_of(path, trace_start_s=2.0, trace_end_s=2.1).count == 1
    with pytest.raises(BadInput, match=r"nothing of the trace is in that window; it is 10.25 s long"):
        prompts_of(path, trace_start_s=11.0)
    with pytest.raises(BadInput, match=r"--trace-end \(1 s\) must be later than --trace-start"):
        prompts_of(path, trace_start_s=2.0, trace_end_s=1.0)


def test_who_waited_for_a_turn_outside_the_window_waits_for_those_before_it(tmp_path: Path) -> None:
    rows = [
        chat(1, -1, 1.0, 16, [1]),
        chat(2, 1, 9.0, 32, [1, 2], turn=2),
        chat(3, 2, 3.0, 48, [1, 2, 3], turn=3),
    ]
    prompts = prompts_of(written(tmp_path / "t.jsonl", rows), trace_end_s=5.0)
    assert sessions_of(prompts) == [[[], [0]]]
    assert [prompt.prompt_tokens for prompt in prompts.items] == [16, 48]


def test_only_as_many_as_asked_for_session_by_session(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", TALK), count=2)
    assert sessions_of(prompts) == [[[], [0]]]
    assert prompts.count == 2
