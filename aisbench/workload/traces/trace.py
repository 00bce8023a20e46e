"""Recorded traffic without its texts: when requests were sent, how long they were, and which blocks they shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.cache_hits import BlockIds, PromptBlocks
from aisbench.workload.sessions.agents import MAIN, Agent

# Block sizes to suggest for a trace whose hash ids do not fit its lengths.
_BLOCK_SIZES = (16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request of a trace, with lengths in tokens and the ids of its blocks.

    `at_ns`: on the trace's own clock; None: not recorded. `after`: the requests of its session that had ended before it
    was sent, by their places there, all before its own. `pause_ns`: from the end of the last of them (without any: from
    the start of the session); None: not recorded. `agent`: see sessions.agents.
    """

    at_ns: int | None
    input_tokens: int
    output_tokens: int
    blocks: BlockIds = ()
    after: tuple[int, ...] = ()
    pause_ns: int | None = None
    agent: Agent = MAIN

    def fits(self, block: int, *, whole_only: bool = False) -> bool:
        """Whether it has one hash id for each block of `block` tokens of its input, or none at all.

        `whole_only`: a last block that is not full may be without an id.
        """
        count = len(self.blocks)
        return count in (0, -(-self.input_tokens // block)) or (
            whole_only and count == self.input_tokens // block
        )


@dataclass(frozen=True, slots=True)
class TraceSession:
    """Requests of one user or agent, in an order in which each follows those that it waits for.

    `scope`: names the space of its block ids; equal ids of one scope are equal blocks. Empty: that of the file.
    """

    requests: list[Recorded]
    scope: str = ""


@dataclass(frozen=True)
class Trace:
    """Sessions in the order of their first requests; equal or missing times keep the order of the file.

    `one_clock`: whether all times are on one clock; False: each session has its own, which begins with it. `block`: the
    tokens per hash id that the file or its format names. `whole_only`: see Recorded.fits. `notes`: for the user. `rows`: see Prompts.
    """

    format: str
    sessions: list[TraceSession]
    rows: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    one_clock: bool = True
    block: int | None = None
    whole_only: bool = False

    @property
    def requests(self) -> Iterator[Recorded]:
        return (request for session in self.sessions for request in session.requests)

    @property
    def count(self) -> int:
        return sum(len(session.requests) for session in self.sessions)

    @property
    def answered_tokens(self) -> int:
        """The tokens of all answers that another request of their session comes after."""
        return sum(
            session.requests[place].output_tokens
            for session in self.sessions
            for place in {one for request in session.requests for one in request.after}
        )

    @property
    def has_turns(self) -> bool:
        """Whether any session has more than one request."""
        return any(len(session.requests) > 1 for session in self.sessions)

    @property
    def has_times(self) -> bool:
        return all(request.at_ns is not None for request in self.requests)

    @property
    def has_pauses(self) -> bool:
        return any(request.pause_ns is not None for request in self.requests)

    @property
    def has_starts(self) -> bool:
        """Whether the first request of every session has a time."""
        return all(session.requests[0].at_ns is not None for session in self.sessions)

    def sorted(self) -> Trace:
        """Puts the sessions in the order of their first requests, if all are on one clock and have times."""
        if not self.one_clock or not self.has_starts:
            return self
        return replace(self, sessions=sorted(self.sessions, key=lambda one: one.requests[0].at_ns or 0))

    def first(self, count: int) -> Trace:
        """The first `count` requests, session by session; the last session is cut."""
        sessions: list[TraceSession] = []
        for session in self.sessions:
            if count <= 0:
                break
            sessions.append(replace(session, requests=session.requests[:count]))
            count -= len(session.requests)
        return replace(self, sessions=sessions)

    def alone(self) -> Trace:
        """Every request as a session of its own."""
        return replace(
            self,
            sessions=[
                TraceSession([replace(request, after=(), pause_ns=None, agent=MAIN)], session.scope)
                for session in self.sessions
                for request in session.requests
            ],
        ).sorted()

    def blocks(self, block: int) -> PromptBlocks:
        """The hash ids of all requests, each of which stands for `block` tokens.

        Requests come in the order of their times; sessions without a common clock, one after another.
        """
        scopes: dict[str, int] = {}
        order = [
            (request, scopes.setdefault(session.scope, len(scopes)))
            for session in self.sessions
            for request in session.requests
        ]
        if self.one_clock and self.has_times:
            order.sort(key=lambda one: one[0].at_ns or 0)
        return PromptBlocks(
            [request.blocks for request, _ in order],
            [request.input_tokens for request, _ in order],
            block,
            [scope for _, scope in order],
        )

    def starts_ns(self, speedup: float) -> NDArray[np.int64]:
        """When each session begins, in ns after the first: the recorded distance divided by `speedup`."""
        at = [session.requests[0].at_ns or 0 for session in self.sessions]
        return sped_up([one - at[0] for one in at], speedup)


def sped_up(times_ns: Sequence[int], speedup: float) -> NDArray[np.int64]:
    return np.rint(np.array(times_ns, dtype=np.float64) / speedup).astype(np.int64)


def fit_note(trace: Trace, block: int) -> list[str]:
    """A note if the numbers of hash ids do not fit the lengths in blocks of `block` tokens."""
    requests = list(trace.requests)
    misfits = sum(not request.fits(block, whole_only=trace.whole_only) for request in requests)
    if misfits == 0:
        return []
    others = [
        size
        for size in _BLOCK_SIZES
        if all(request.fits(size, whole_only=trace.whole_only) for request in requests)
    ]
    advice = f"; --block-size {others[-1]} fits all" if others else ""
    return [
        f"{misfits} of {len(requests)} requests have more or fewer hash ids than their input has blocks of "
        f"{block} tokens{advice}"
    ]
