"""Cuts a part of a trace out by its times: --trace-start and --trace-end."""

from __future__ import annotations

from dataclasses import replace

from aisbench.errors import BadInput
from aisbench.workload.files.trace_times import S
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces.trace import Recorded, Trace, TraceSession


def in_window(trace: Trace, options: WorkloadOptions) -> Trace:
    """The requests of the window; raises BadInput if there are none, or if the trace has no times to go by.

    A request that continues one before the window begins a session, as its own prompt holds all that was said.
    """
    start_s, end_s = options.trace_start_s, options.trace_end_s
    if start_s is None and end_s is None:
        return trace
    flag = "--trace-start" if start_s is not None else "--trace-end"
    if start_s is not None and end_s is not None and end_s <= start_s:
        raise BadInput(f"--trace-end ({end_s:g} s) must be later than --trace-start ({start_s:g} s)")
    if not trace.one_clock:
        raise BadInput(
            f"{flag}: every session of a {trace.format} trace has a clock of its own; leave it out"
        )
    if not trace.has_times:
        raise BadInput(f"{flag} needs a trace with times")
    times = [request.at_ns or 0 for request in trace.requests]
    origin = min(times)
    first = origin + round((start_s or 0.0) * S)
    last = max(times) + 1 if end_s is None else origin + round(end_s * S)
    sessions = [part for session in trace.sessions for part in _within(session, first, last)]
    if not sessions:
        raise BadInput(
            f"{flag}: no request of the trace is in that window; it is {(max(times) - origin) / S:g} s long"
        )
    cut = replace(trace, sessions=sessions).sorted()
    note = f"--trace-start and --trace-end leave {cut.count} of {len(times)} requests"
    return replace(cut, notes=[*trace.notes, note])


def _within(session: TraceSession, first_ns: int, last_ns: int) -> list[TraceSession]:
    """The parts of a session that are left. Requests that waited for one that is not there wait for those before it."""
    kept = [first_ns <= (request.at_ns or 0) < last_ns for request in session.requests]
    if all(kept):
        return [session]
    parts: list[list[Recorded]] = []
    # For each request, the part that it is in and, for its own and later requests, the places to wait for.
    place: list[tuple[int, tuple[int, ...]] | None] = []
    for request, stays in zip(session.requests, kept, strict=True):
        before = [found for found in (place[one] for one in request.after) if found is not None]
        part = before[0][0] if before else None
        after = tuple(sorted({one for found in before if found[0] == part for one in found[1]}))
        if not stays:
            place.append(None if part is None else (part, after))
            continue
        if part is None:
            parts.append([])
            part = len(parts) - 1
        parts[part].append(replace(request, after=after))
        place.append((part, (len(parts[part]) - 1,)))
    return [replace(session, requests=requests) for requests in parts]
