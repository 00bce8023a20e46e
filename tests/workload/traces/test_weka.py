"""Traces of coding agents: sub-agents, pauses, and blocks that are shared within a session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.errors import BadInput
from tests.workload.traces.made import pauses_of, prompts_of, sessions_of, words_of, written


def call(t: float, length: int, ids: list[int], **more: Any) -> dict[str, Any]:
    return {
        "t": t,
        "type": "s",
        "model": "big",
        "in": length,
        "out": 40,
        "hash_ids": ids,
        "api_time": 2.0,
        "think_time": None,
    } | more


def agent(t: float, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "t": t,
        "type": "subagent",
        "agent_id": "a",
        "status": "completed",
        "duration_ms": None,
        "requests": list(calls),
    } | more


def session(*requests: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "s1",
        "models": ["big"],
        "block_size": 64,
        "hash_id_scope": "local",
        "requests": list(requests),
    } | more


CHAIN = session(
    call(0.0, 200, [1, 2, 3]),
    call(2.5, 330, [1, 2, 3, 4, 5], think_time=0.4),
    call(6.0, 150, [1, 2], think_time=None),
)
FORKED = session(
    call(0.0, 200, [1, 2, 3]),
    agent(2.6, call(0.0, 130, [4, 5]), call(2.5, 200, [4, 5, 6])),
    agent(2.6, call(0.0, 64, [7])),
    call(8.0, 330, [1, 2, 3, 8, 9], think_time=3.3),
)


def test_a_session_is_a_chain_of_whole_prompts_with_pauses(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", [CHAIN]))
    assert sessions_of(prompts) == [[[], [0], [1]]]
    assert pauses_of(prompts) == [0.0, 0.4, 1.5], "the recorded one, else from the end of the answer"
    assert prompts.arrivals_ns is None
    assert [prompt.prompt_tokens for prompt in prompts.items] == [200, 330, 150]
    assert any("1 sessions with 3 requests (weka)" in note for note in prompts.notes)


def test_the_tail_below_a_block_is_the_beginning_of_the_block_that_comes_there(tmp_path: Path) -> None:
    words = words_of(prompts_of(written(tmp_path / "t.jsonl", [CHAIN])))
    assert words[0] == words[1][:200]
    assert words[2][:128] == words[1][:128]
    assert words[2][128:] != words[1][128:150], "the next turn does not continue it"


def test_an_id_for_a_block_that_is_not_full_is_left_out(tmp_path: Path) -> None:
    with_partial = session(call(0.0, 200, [1, 2, 3, 77]), call(3.0, 330, [1, 2, 3, 4, 5, 78]))
    without = session(call(0.0, 200, [1, 2, 3]), call(3.0, 330, [1, 2, 3, 4, 5]))
    one, two = (
        prompts_of(written(tmp_path / f"{i}.jsonl", [made])) for i, made in enumerate((with_partial, without))
    )
    assert words_of(one)[0] == words_of(two)[0]
    assert not any("hash ids" in note for note in one.notes)


def test_ids_are_those_of_a_session_unless_the_scope_is_global(tmp_path: Path) -> None:
    two = [session(call(0.0, 64, [1]), id=name) for name in ("a", "b")]
    prompts = prompts_of(written(tmp_path / "local.jsonl", two))
    first, second = words_of(prompts)
    assert first != second
    assert any("0 of 128 input tokens" in note for note in prompts.notes)
    shared = [{**one, "hash_id_scope": "global"} for one in two]
    prompts = prompts_of(written(tmp_path / "global.jsonl", shared))
    first, second = words_of(prompts)
    assert first == second
    assert any("64 of 128 input tokens (50.0%)" in note for note in prompts.notes)


def test_sessions_of_one_id_are_different_ones(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", [CHAIN, CHAIN]))
    words = words_of(prompts)
    assert words[0] != words[3]
    assert any(note.startswith("1 ids of sessions occur more than once") for note in prompts.notes)
    assert any("--concurrency or --rate says when they begin" in note for note in prompts.notes)


def test_sub_agents_fork_and_join(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", [FORKED]))
    assert sessions_of(prompts) == [[[], [0], [1], [0], [0, 2, 3]]]
    # The last waits for the first sub-agent, which ended at 2.6 + 2.5 + 2.0 s.
    assert pauses_of(prompts) == pytest.approx([0.0, 0.6, 0.5, 0.6, 0.9])
    (note,) = (note for note in prompts.notes if "sub-agents" in note)
    assert note.startswith("2 sub-agents run beside")
    assert note.endswith("counted from the start of their agent")


def test_absolute_times_of_sub_agents_are_decided_for_the_whole_corpus(tmp_path: Path) -> None:
    absolute = session(
        call(0.0, 200, [1, 2, 3]), agent(2.6, call(2.6, 130, [4, 5])), call(8.0, 330, [1, 2, 3, 8, 9])
    )
    prompts = prompts_of(written(tmp_path / "t.jsonl", [absolute]))
    assert pauses_of(prompts) == pytest.approx([0.0, 0.6, 3.4])
    assert any(note.endswith("counted from the start of the session") for note in prompts.notes)
    # One sub-agent that begins before its entry shows that all of them count from their own start.
    late = session(call(0.0, 64, [1]), agent(3.0, call(4.0, 64, [2])), id="late")
    prompts = prompts_of(written(tmp_path / "t.jsonl", [late, FORKED]))
    assert pauses_of(prompts)[:2] == pytest.approx([0.0, 5.0])


def test_nobody_waits_for_a_sub_agent_in_the_background_or_for_one_that_ends_later(tmp_path: Path) -> None:
    background = session(
        call(0.0, 64, [1]),
        agent(2.0, call(0.0, 64, [2]), status="async_launched"),
        call(9.0, 64, [3]),
    )
    long = session(
        call(0.0, 64, [1]),
        agent(2.0, call(0.0, 64, [2]), duration_ms=20_000),
        call(9.0, 64, [3]),
        call(23.0, 64, [4]),
        id="long",
    )
    prompts = prompts_of(written(tmp_path / "t.jsonl", [background, long]))
    assert sessions_of(prompts) == [[[], [0], [0]], [[], [0], [0], [1, 2]]]


def test_a_sub_agent_before_all_requests_begins_with_the_session(tmp_path: Path) -> None:
    early = session(agent(0.0, call(0.0, 64, [1])), call(0.5, 64, [2]), call(3.0, 64, [3]))
    prompts = prompts_of(written(tmp_path / "t.jsonl", [early]))
    assert sessions_of(prompts) == [[[], [], [0, 1]]]
    assert pauses_of(prompts) == pytest.approx([0.0, 0.5, 0.5])


def test_a_request_that_was_sent_before_the_last_was_answered_is_counted(tmp_path: Path) -> None:
    both = session(call(0.0, 64, [1], api_time=9.0), call(3.0, 64, [1]))
    prompts = prompts_of(written(tmp_path / "t.jsonl", [both]))
    assert pauses_of(prompts) == [0.0, 0.0]
    assert any(
        note.startswith("1 requests were sent before the request ahead of them") for note in prompts.notes
    )


def test_without_a_time_of_the_answer_the_pause_counts_from_the_request(tmp_path: Path) -> None:
    one = session(call(0.0, 64, [1], api_time=None), call(3.0, 64, [1]))
    prompts = prompts_of(written(tmp_path / "t.jsonl", [one]))
    assert pauses_of(prompts) == [0.0, 3.0]
    assert any(note.startswith("1 pauses hold the time of the answer, too") for note in prompts.notes)


def test_an_empty_answer_becomes_one_token(tmp_path: Path) -> None:
    prompts = prompts_of(written(tmp_path / "t.jsonl", [session(call(0.0, 64, [1], out=0))]))
    assert [prompt.output_tokens for prompt in prompts.items] == [1]
    assert "1 answers of the trace are empty; one token each is asked for" in prompts.notes


def test_speedup_shortens_pauses(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", [CHAIN])
    assert pauses_of(prompts_of(path, speedup=2.0)) == [0.0, 0.2, 0.75]
    assert pauses_of(prompts_of(path, speedup=2.0, own_times=False)) == [0.0, 0.2, 0.75]


def test_a_folder_or_one_file_or_lines(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    folder.mkdir()
    (folder / "b.json").write_text(json.dumps(FORKED, indent=1))
    (folder / "a.json").write_text(json.dumps(CHAIN))
    (folder / "notes.txt").write_text("not a session")
    prompts = prompts_of(folder)
    assert sessions_of(prompts) == [[[], [0], [1]], [[], [0], [1], [0], [0, 2, 3]]]
    assert prompts_of(folder / "b.json").count == 5
    one = json.dumps(FORKED)
    (folder / "b.json").write_text(one.replace('"requests"', '\n"requests"', 1))
    assert prompts_of(folder / "b.json").count == 5
    (folder / "c.json").write_text("{")
    prompts = prompts_of(folder)
    assert prompts.rows is not None
    assert (prompts.rows["used"], prompts.rows["left_out"]) == (2, 1)
    assert any(
        "left out 1 of 3 files of traces" in note and "(file c.json)" in note for note in prompts.notes
    )
    with pytest.raises(BadInput, match="is a folder; a trace of kind azure is a file"):
        prompts_of(folder, trace_format="azure")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"holds no .json or .jsonl file of a session"):
        prompts_of(tmp_path / "empty")


def test_only_as_many_sessions_are_read_as_are_needed(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", [CHAIN, FORKED])
    path.write_text(path.read_text() + "{broken")
    prompts = prompts_of(path, count=5)
    assert sessions_of(prompts) == [[[], [0], [1]], [[], [0]]]
    assert not any("left out" in note for note in prompts.notes)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (session(), "requests is not a list with something in it"),
        (
            session(call(0.0, 64, [1]), hash_id_scope="world"),
            "hash_id_scope is 'world'; known: local, global",
        ),
        (session(call(0.0, 64, [1], type="x")), "type is 'x'; known: n, s, subagent"),
        (session(agent(0.0, agent(0.0))), "type of a subagent's request is 'subagent'; known: n, s"),
        (session(call(0.0, 64, [1], think_time="long")), "think_time is 'long', not a number"),
        (session(call(1e300, 64, [1])), r"t is 1e\+300; it must be from 0 to 1000000000"),
        (session(call(0.0, 0, [])), "an input length of 0"),
    ],
)
def test_sessions_that_cannot_be_used(tmp_path: Path, bad: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        prompts_of(written(tmp_path / "t.jsonl", [bad]), trace_format="weka")


def test_what_the_format_does_not_say(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", [CHAIN])
    with pytest.raises(BadInput, match="every session of a weka trace has a clock of its own; leave it out"):
        prompts_of(path, trace_start_s=1.0)
    with pytest.raises(BadInput, match="--turn-times alone: a weka trace has a clock for each session"):
        prompts_of(path, turn_times="alone")
    mixed = written(tmp_path / "m.jsonl", [CHAIN, session(call(0.0, 64, [1]), block_size=32)])
    with pytest.raises(BadInput, match="sessions with blocks of 32 and 64 tokens; keep them apart"):
        prompts_of(mixed)


def test_several_models_are_named(tmp_path: Path) -> None:
    prompts = prompts_of(
        written(tmp_path / "t.jsonl", [session(call(0.0, 64, [1]), call(3.0, 64, [1], model="small"))])
    )
    assert any("all of whose requests go to the run's: big (1), small (1)" in note for note in prompts.notes)
