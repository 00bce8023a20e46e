"""Options of sessions for traces of whole prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisbench.errors import BadInput
from tests.workload.traces.made import pauses_of, prompts_of, sessions_of, written
from tests.workload.traces.test_bailian import TALK, chat
from tests.workload.traces.test_weka import CHAIN, agent, call, session


def test_pauses_can_be_capped_or_replaced(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", [CHAIN])
    prompts = prompts_of(path, idle_gap_cap_s=1.0)
    assert pauses_of(prompts) == [0.0, 0.4, 1.0]
    assert (
        "1 of 3 pauses were longer than --idle-gap-cap and are now 1 s; the longest was 1.5 s"
        in prompts.notes
    )
    assert pauses_of(prompts_of(path, think_time_s=2.0)) == [0.0, 2.0, 2.0]
    bailian = written(tmp_path / "b.jsonl", TALK)
    assert pauses_of(prompts_of(bailian, think_time_s=2.0)) == [0.0, 2.0, 2.0, 0.0]
    with pytest.raises(
        BadInput, match="--think-time replaces recorded times, which --turn-times recorded keeps"
    ):
        prompts_of(bailian, think_time_s=2.0, turn_times="recorded")


def test_gaps_between_recorded_times_can_be_capped(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", TALK), idle_gap_cap_s=3.0)
    assert prompts.conversations is not None
    assert prompts.conversations.not_before_ns is not None
    assert (prompts.conversations.not_before_ns / 1e9).tolist() == [0.0, 2.0, 5.0, 0.0]


def test_turns_and_contexts_can_be_limited(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", [CHAIN])
    assert prompts_of(path, turns=2).count == 2
    prompts = prompts_of(path, max_context=240)
    assert prompts.count == 1, "what follows a request that is left out is left out, too"
    assert any("--max-context: 2 of 3 requests are left out" in note for note in prompts.notes)
    with pytest.raises(BadInput, match="--max-context leaves no turn at all"):
        prompts_of(path, max_context=10)


def test_a_join_goes_with_a_branch_that_is_too_long(tmp_path: Path) -> None:
    long = session(
        call(0.0, 64, [1]),
        agent(2.0, call(0.0, 500, [2])),
        agent(2.0, call(0.0, 64, [3])),
        call(9.0, 64, [4]),
    )
    prompts = prompts_of(written(tmp_path / "t.jsonl", [long]), max_context=300)
    assert sessions_of(prompts) == [[[], [0]]]
    # Reading goes on after as many requests as are wanted, since some of them may be left out.
    prompts = prompts_of(written(tmp_path / "t.jsonl", [long, long]), max_context=300, count=4)
    assert sessions_of(prompts) == [[[], [0]], [[], [0]]]


def test_answers_of_the_server_do_not_go_into_whole_prompts(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", [chat(1, -1, 0.0, 16, [1])])
    prompts_of(path, history="recorded")
    with pytest.raises(
        BadInput, match="--history live: the prompts of a bailian trace hold the recorded answers"
    ):
        prompts_of(path, history="live")


def test_a_window_counts_from_the_first_request_even_of_a_later_session(tmp_path: Path) -> None:
    rows = [chat(1, -1, 100.0, 16, [1]), chat(2, -1, 90.0, 16, [2])]
    prompts = prompts_of(written(tmp_path / "t.jsonl", rows), trace_start_s=5.0)
    assert prompts.count == 1
