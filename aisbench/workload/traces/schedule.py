"""When the turns of a trace's sessions are sent."""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Conversations
from aisbench.workload.sessions.agents import agent_arrays
from aisbench.workload.traces.options import AFTER_PAUSES, ALONE, AT_TIMES
from aisbench.workload.traces.trace import Trace, TraceSession

S = 1e9


def turn_times(trace: Trace, options: WorkloadOptions) -> str:
    """When later turns are sent, a word of --turn-times; raises BadInput for what the trace does not say."""
    wanted = options.turn_times
    if options.think_time_s is not None and wanted not in (None, AFTER_PAUSES):
        raise BadInput(
            f"--think-time replaces recorded times, which --turn-times {wanted} keeps; leave one out"
        )
    if wanted is None:
        is_timed = trace.one_clock and trace.has_times and options.think_time_s is None
        return AT_TIMES if is_timed else AFTER_PAUSES
    if not trace.has_turns:
        return wanted
    if wanted == ALONE and not (trace.one_clock and trace.has_times):
        why = (
            "has requests without times"
            if trace.one_clock
            else "has a clock for each session, which begins with it"
        )
        raise BadInput(f"--turn-times alone: a {trace.format} trace {why}; give recorded or pauses")
    if wanted == AFTER_PAUSES and options.think_time_s is None and not trace.has_pauses:
        raise BadInput(
            f"--turn-times pauses: a {trace.format} trace does not say when answers ended; give recorded or alone, or "
            "--think-time"
        )
    if wanted == AT_TIMES and not trace.has_times:
        raise BadInput("--turn-times recorded: not all requests of the trace have times; give pauses")
    return wanted


def conversations_of(trace: Trace, times: str, options: WorkloadOptions, notes: list[str]) -> Conversations:
    """Who waits for whom, and how long. `notes` then says how many pauses are over --idle-gap-cap."""
    first = np.cumsum([0, *(len(one.requests) for one in trace.sessions)], dtype=np.int64)
    requests = list(trace.requests)
    after_first = np.cumsum([0, *(len(one.after) for one in requests)], dtype=np.int64)
    after = np.fromiter(
        chain.from_iterable(one.after for one in requests), np.int64, count=int(after_first[-1])
    )
    gaps = _Gaps(options)
    pauses, earliest = np.zeros(len(requests), dtype=np.int64), None
    if times == AT_TIMES:
        earliest = np.array([at for one in trace.sessions for at in gaps.times(one)], dtype=np.int64)
    else:
        pauses = np.array(
            [gaps.pause(request.pause_ns or 0, bool(request.after)) for request in requests], dtype=np.int64
        )
    if gaps.capped:
        notes.append(
            f"{gaps.capped:,} of {len(requests):,} pauses were longer than --idle-gap-cap and are now "
            f"{options.idle_gap_cap_s:g} s; the longest was {gaps.longest_ns / S:,.6g} s"
        )
    # No body repeats an answer, so that a turn that fails stops no other.
    fills_first = np.zeros(len(requests) + 1, dtype=np.int64)
    agents = agent_arrays([request.agent for request in one.requests] for one in trace.sessions)
    return Conversations(
        first, pauses, after_first, after, fills_first, np.zeros(0, np.int64), earliest, *agents
    )


def starts_ns(trace: Trace, options: WorkloadOptions) -> NDArray[np.int64] | None:
    """When each request's session begins, in ns after the first; None: the options, not the trace, say when."""
    if not options.own_times or not trace.one_clock:
        return None
    starts = trace.starts_ns(options.speedup)
    return np.repeat(starts, [len(one.requests) for one in trace.sessions])


class _Gaps:
    """Shortens the pauses of a trace by --speedup and --idle-gap-cap, and counts those over the cap."""

    def __init__(self, options: WorkloadOptions) -> None:
        self.speedup = options.speedup
        self.think_ns = None if options.think_time_s is None else round(options.think_time_s * S)
        self.cap_ns = None if options.idle_gap_cap_s is None else round(options.idle_gap_cap_s * S)
        self.capped = self.longest_ns = 0

    def short(self, gap_ns: int) -> int:
        if self.cap_ns is None or gap_ns <= self.cap_ns:
            return gap_ns
        self.capped += 1
        self.longest_ns = max(self.longest_ns, gap_ns)
        return self.cap_ns

    def pause(self, recorded_ns: int, is_later: bool) -> int:
        if self.think_ns is not None and is_later:
            return self.short(self.think_ns)
        return self.short(round(recorded_ns / self.speedup))

    def times(self, session: TraceSession) -> list[int]:
        """The time of each request from the first of its session, where no gap after another is over the cap."""
        start_ns = session.requests[0].at_ns or 0
        found: list[int] = []
        for request in session.requests:
            since_ns = round(((request.at_ns or 0) - start_ns) / self.speedup)
            if self.cap_ns is not None and request.after:
                # The request before it that was sent last.
                last = max(request.after, key=lambda one: session.requests[one].at_ns or 0)
                gap_ns = round(((request.at_ns or 0) - (session.requests[last].at_ns or 0)) / self.speedup)
                since_ns = found[last] + self.short(gap_ns)
            found.append(max(0, since_ns))
        return found
