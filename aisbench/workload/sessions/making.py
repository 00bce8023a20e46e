"""Makes the prompts of sessions, and says which turn waits for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain as joined

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Conversations
from aisbench.workload.sessions.history import History, calls_tools
from aisbench.workload.sessions.lengths import Lengths, lengths_of
from aisbench.workload.sessions.options import AT_SERVER, RECORDED
from aisbench.workload.sessions.session import Session, Turn, holes, holes_at_server
from aisbench.workload.sessions.verbatim import verbatim_prompt
from aisbench.workload.tokens.token_counts import TokenCounter

S = 1e9


def pause_s(turn: Turn, options: WorkloadOptions) -> float:
    """How long the user and the tools take before a turn.

    --think-time is for turns in which a user says something, and --tool-latency for those with a tool's result: nobody
    thinks before a tool's result is sent back.
    """
    roles = {one.get("role") for one in turn.messages}
    has_tool = "tool" in roles
    think = options.think_time_s if roles - {"tool"} or not has_tool else None
    tool = options.tool_latency_s if has_tool else None
    recorded_s, recorded_tool_s = turn.think_s / options.speedup, turn.tool_s / options.speedup
    return (recorded_s if think is None else think) + (recorded_tool_s if tool is None else tool)


def conversations_of(
    sessions: Sequence[Session],
    options: WorkloadOptions,
    backend: Backend,
    notes: list[str],
    *,
    at_times: bool = False,
) -> Conversations:
    """Who waits for whom, and how long; the arrays of a DAG only where a session is more than a plain chain.

    `at_times`: a turn with a recorded time does not leave before it, counted from the start of its session.
    Pauses over --idle-gap-cap are shortened to it, and `notes` then says how many.
    """
    first = np.cumsum([0, *(len(one.turns) for one in sessions)], dtype=np.int64)
    pauses = np.array([pause_s(turn, options) for one in sessions for turn in one.turns], dtype=np.float64)
    cap = options.idle_gap_cap_s
    if cap is not None and (pauses > cap).any():
        notes.append(
            f"{int((pauses > cap).sum()):,} of {len(pauses):,} pauses were longer than --idle-gap-cap and are now "
            f"{cap:g} s; the longest was {pauses.max():,.6g} s"
        )
        pauses = np.minimum(pauses, cap)
    think_ns = np.rint(pauses * S).astype(np.int64)
    earliest_ns = _since_start_ns(sessions, options.speedup) if at_times else None
    chains = all(one.is_chain for one in sessions)
    if chains and options.history != AT_SERVER:
        return Conversations(first, think_ns, not_before_ns=earliest_ns)
    after_first, after = _rows(turn.waits_for for one in sessions for turn in one.turns)
    if chains:
        # A chain does not think before its first turn.
        think_ns[first[:-1]] = 0
    fills_first, fills = _rows(held for one in sessions for held in _holes(one, options, backend))
    return Conversations(first, think_ns, after_first, after, fills_first, fills, earliest_ns)


def _holes(session: Session, options: WorkloadOptions, backend: Backend) -> list[list[int]]:
    if options.history == RECORDED:
        return [[] for _ in session.turns]
    if options.history == AT_SERVER:
        return holes_at_server(session, calls_tools=calls_tools(session, backend))
    return holes(session)


def _since_start_ns(sessions: Sequence[Session], speedup: float) -> NDArray[np.int64] | None:
    """The time of each turn, from the first of its session, in ns; 0 where it has none. None: no later turn has one."""
    since = [
        max(0.0, turn.at_s - (session.turns[0].at_s or 0.0)) if turn.at_s is not None else 0.0
        for session in sessions
        for turn in session.turns
    ]
    return np.rint(np.array(since) / speedup * S).astype(np.int64) if any(since) else None


def _rows(rows: Iterator[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of different lengths as where each begins, and all values in one array."""
    held = list(rows)
    first = np.cumsum([0, *map(len, held)], dtype=np.int64)
    return first, np.fromiter(joined.from_iterable(held), dtype=np.int64, count=int(first[-1]))


def session_prompts(
    session: Session,
    lengths: Lengths | None,
    counter: TokenCounter,
    options: WorkloadOptions,
    backend: Backend,
    counts: Counter[str],
) -> Iterator[Prompt]:
    """The prompt of each turn. `counts` gathers what is not sent as it was recorded, for notes."""
    found = lengths or lengths_of(session, counter, options)
    history = History(session, options, backend, counts)
    for i, turn in enumerate(session.turns):
        if turn.body is not None:
            yield verbatim_prompt(turn, found.prompt[i], options, backend)
        else:
            yield history.prompt(i, found.prompt[i], found.output[i])
