"""Which turns belong to which agent, from each source that has sub-agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.errors import BadInput
from aisbench.workload.prompts import Prompts
from aisbench.workload.sessions.agents import agents_of
from aisbench.workload.sessions.session import Session, Turn
from tests.workload.sessions.made import lines, made, user
from tests.workload.traces.made import prompts_of, written
from tests.workload.traces.test_weka import agent, call, session


def agents(prompts: Prompts) -> list[tuple[int, int]]:
    talks = prompts.conversations
    assert talks is not None
    assert talks.agents is not None
    assert talks.starters is not None
    return list(zip(talks.agents.tolist(), talks.starters.tolist(), strict=True))


@pytest.mark.parametrize(
    ("turns", "wanted"),
    [
        # Whole bodies wait for one another and continue none.
        ([Turn(), Turn(after=(0,)), Turn(after=(1,))], [(0, -1)] * 3),
        # A fork: the first goes on, the second is a sub-agent with a history.
        ([Turn(), Turn(base=0), Turn(base=0), Turn(base=2)], [(0, -1), (0, -1), (1, 0), (1, 0)]),
        # The one that joins them goes on, although it comes last.
        (
            [Turn(), Turn(base=0), Turn(base=0), Turn(base=0, after=(1, 2))],
            [(0, -1), (1, 0), (2, 0), (0, -1)],
        ),
        # One that begins without a history is not its parent, even if it is the first.
        ([Turn(), Turn(after=(0,)), Turn(base=0)], [(0, -1), (1, 0), (0, -1)]),
        # Sub-agents of a sub-agent, and one that waits for nobody.
        (
            [Turn(), Turn(), Turn(after=(1,)), Turn(base=1, quotes=(2,))],
            [(0, -1), (1, 0), (2, 1), (1, 0)],
        ),
    ],
)
def test_who_belongs_to_whom(turns: list[Turn], wanted: list[tuple[int, int]]) -> None:
    assert agents_of(Session("s", tuple(turns))) == wanted


def test_a_session_file_may_say_it(tmp_path: Path) -> None:
    def turn(**more: Any) -> dict[str, Any]:
        return {"messages": [user("x")], "output_tokens": 1, **more}

    rows = [turn(agent=0), turn(agent=3, continues=None, after=["0"]), turn(agent=4, started_by=3)]
    prompts, _ = made(lines(tmp_path / "s.jsonl", [{"session": "a", "turns": rows}]))
    assert agents(prompts) == [(0, -1), (3, 0), (4, 3)]
    mixed = lines(tmp_path / "m.jsonl", [{"session": "a", "turns": [turn(agent=0), turn()]}])
    with pytest.raises(BadInput, match="some turns say their agent and others do not"):
        made(mixed)


def test_conversations_that_a_dag_starts_are_agents_of_their_own(tmp_path: Path) -> None:
    """Also those of an orchestrator that asks nothing itself, and children that do not carry a history on."""

    def talk(name: str, turns: int, **more: Any) -> dict[str, Any]:
        return {"session_id": name, "turns": [{"messages": [user("x")]}] * turns, **more}

    rows = [
        {"session_id": "lead", "spawns": ["a", "b"], "rounds": 2},
        talk("a", 2, context_mode="message_array_with_responses"),
        talk("b", 1),
    ]
    prompts, _ = made(lines(tmp_path / "d.jsonl", rows), "dag_jsonl")
    assert agents(prompts) == [(1, 0), (1, 0), (2, 0), (3, 0), (3, 0), (4, 0)]


def test_sub_agents_of_a_trace(tmp_path: Path) -> None:
    """One in the background too, which nobody waits for."""
    first, last = call(0, 64, [1]), call(9, 128, [1, 2])
    beside = agent(1, call(0, 64, [3]), call(1, 64, [3]), status="async_launched")
    path = written(tmp_path / "w.jsonl", [session(first, beside, agent(2, call(0, 64, [4])), last)])
    assert agents(prompts_of(path)) == [(0, -1), (1, 0), (1, 0), (2, 0), (0, -1)]
