"""The agents of a session: the one that began it, and the sub-agents that it and others start.

A server sees an agent as a conversation of its own, so each gets its own value in the headers and fields that name a
session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.sessions.session import Session

# An agent's number in its session, and that of the agent that started it; -1: none did.
Agent = tuple[int, int]
MAIN: Agent = (0, -1)


def agents_of(session: Session) -> list[Agent]:
    """The agent of each turn: what the file's format says, or else what follows from who continues and awaits whom.

    A turn belongs to the agent of the turn that it continues, or of the first one that it waits for. Of several turns
    that go on from the same one, only one stays with that agent: one that continues its prompt, and of these the last
    that also waits for others (a join), else the first. The rest are sub-agents, and so is each further turn that
    waits for none.
    """
    turns = session.turns
    if all(turn.agent is not None for turn in turns):
        return [turn.agent or MAIN for turn in turns]
    before = [
        turn.base if turn.base is not None else next(iter(turn.waits_for), None) for turn in session.turns
    ]
    heirs: dict[int, int] = {}
    for i, turn in enumerate(turns):
        place = before[i]
        if place is None:
            continue
        rank = (turn.base is not None, len(turn.waits_for) > 1)
        heir = heirs.get(place)
        held = (
            (False, False) if heir is None else (turns[heir].base is not None, len(turns[heir].waits_for) > 1)
        )
        if heir is None or rank > held or (rank == held and rank[1]):
            heirs[place] = i
    found: list[Agent] = []
    count = 0
    for i, place in enumerate(before):
        if place is not None and heirs[place] == i:
            found.append(found[place])
        elif i == 0:
            found.append(MAIN)
        else:
            count += 1
            found.append((count, 0 if place is None else found[place][0]))
    return found


def agent_arrays(
    sessions: Iterable[Sequence[Agent]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | tuple[None, None]:
    """The number of each turn's agent and of the one that started it, int64; None if each session has one agent."""
    flat = np.array([one for agents in sessions for one in agents], dtype=np.int64).reshape(-1, 2)
    if not flat.any(where=[True, False]):
        return None, None
    return np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1])
