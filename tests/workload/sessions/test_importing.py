"""Files of other tools as session files, and session files that say the same when they are read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLines
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.sessions.conversion.importing import imported
from aisbench.workload.sessions.conversion.writing import row_of
from aisbench.workload.sessions.formats import native
from aisbench.workload.sessions.formats.registry import FORMATS
from aisbench.workload.sessions.found import Found
from aisbench.workload.sessions.session import Session
from tests.workload.sessions.made import call, lines, result, says, user
from tests.workload.sessions.test_conversation_files import LOG
from tests.workload.sessions.test_formats import MULTI, ROWS, talk
from tests.workload.sessions.test_native import DAG
from tests.workload.sessions.test_spans import SPANS


def read(path: Path) -> tuple[list[Session], list[str]]:
    return imported(WorkloadOptions(count=None, model="m", dataset="sessions", dataset_path=str(path)))


def again(sessions: list[Session]) -> list[Session]:
    rows = [json.loads(json.dumps(row_of(one))) for one in sessions]
    found = Found(BadLines(Path("rows")))
    made = [native.session_of(row, i, found) for i, row in enumerate(rows)]
    assert not found.unused
    return made


def test_every_format_survives_being_written_and_read(tmp_path: Path) -> None:
    dag = [
        talk("r", {"spawns": ["w"]}, {"forks": ["f", "g"]}),
        talk("w", {}, {}),
        talk("f", {}),
        talk("g", {}),
    ]
    files: list[Any] = [[DAG], [LOG], MULTI, ROWS, dag, [{"spans": SPANS}]]
    bodies = [{"model": "m", "prompt": "x", "max_tokens": 3}, {"model": "m", "prompt": "y"}]
    files.append([{"body": one, "timestamp": i} for i, one in enumerate(bodies)])
    files.append([{"data": [{"session_id": "a", "payloads": bodies}]}])
    for rows in files:
        sessions, _ = read(lines(tmp_path / "f.jsonl", rows))
        assert again(sessions) == sessions
    assert len(files) == len(FORMATS) - 2


def test_a_log_of_bodies_becomes_the_sessions_that_it_was(tmp_path: Path) -> None:
    first, second = [user("x")], [user("x"), call("ls"), result("a.txt")]
    third = [*second, says("it is a.txt"), user("thanks")]
    tools = [{"type": "function", "function": {"name": "ls"}}]
    other = [{"role": "system", "content": "s"}, user("x")]
    asked = [(0, first), (1.5, other), (2, second), (9, third), (10, [*first, says("else"), user("y")])]
    rows = [
        {
            "timestamp": at,
            "body": {"model": "m", "messages": messages, "tools": tools, "top_p": 0.5, "max_tokens": 7},
        }
        for at, messages in asked
    ]
    sessions, notes = read(lines(tmp_path / "f.jsonl", rows))
    assert [len(one.turns) for one in sessions] == [3, 1, 1]
    turns = sessions[0].turns
    assert [turn.messages for turn in turns] == [(user("x"),), (result("a.txt"),), (user("thanks"),)]
    assert [turn.answer for turn in turns] == [(call("ls"),), (says("it is a.txt"),), ()]
    assert [(turn.think_s, turn.tool_s) for turn in turns] == [(0, 0), (0, 2), (7, 0)]
    assert {turn.output_tokens for turn in turns} == {7}
    assert turns[0].extra == {"top_p": 0.5}
    assert turns[0].tools == tuple(tools)
    assert any(note.startswith("2 requests continue an earlier one") for note in notes)
    assert [one.turns[0].at_s for one in sessions] == [0, 1.5, 10]


def test_bodies_without_times_are_linked_in_their_order(tmp_path: Path) -> None:
    bodies = [
        {"model": "m", "messages": [user("x")]},
        {"model": "m", "messages": [user("x"), says("y"), user("z")]},
    ]
    sessions, _ = read(lines(tmp_path / "f.jsonl", bodies))
    assert [len(one.turns) for one in sessions] == [2]
    assert [turn.at_s for turn in sessions[0].turns] == [None, None]
    assert sessions[0].is_chain
    folder = tmp_path / "folder"
    folder.mkdir()
    lines(folder / "a.jsonl", [*bodies, {"messages": [user("new")]}])
    sessions, _ = read(folder)
    assert [(turn.base, turn.after) for turn in sessions[0].turns] == [(None, ()), (0, ()), (None, (1,))]
