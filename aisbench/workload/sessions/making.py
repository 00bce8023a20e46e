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
from aisbench.workload.sessions.history import History
from aisbench.workload.sessions.lengths import Lengths, lengths_of
from aisbench.workload.sessions.options import RECORDED
from aisbench.workload.sessions.session import Session, Turn, holes
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
    return (turn.think_s if think is None else think) + (turn.tool_s if tool is None else tool)


def conversations_of(
    sessions: Sequence[Session], options: WorkloadOptions, notes: list[str]
) -> Conversations:
    """Who waits for whom, and how long; the arrays of a DAG only where a session is more than a plain chain.

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
    if all(one.is_chain for one in sessions):
        return Conversations(first, think_ns)
    after_first, after = _rows(turn.waits_for for one in sessions for turn in one.turns)
    is_live = options.history != RECORDED
    fills_first, fills = _rows(held if is_live else [] for one in sessions for held in holes(one))
    return Conversations(first, think_ns, after_first, after, fills_first, fills)


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
