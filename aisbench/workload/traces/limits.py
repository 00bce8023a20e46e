"""Cuts a trace's sessions: --turns and --max-context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces.trace import Recorded, Trace, TraceSession


def limited(trace: Trace, options: WorkloadOptions) -> Trace:
    """The first --turns requests of each session, without those over --max-context and those that follow them.

    Raises BadInput if nothing is left.
    """
    sessions, notes = trace.sessions, [*trace.notes]
    if options.turns is not None:
        sessions = [replace(one, requests=one.requests[: options.turns]) for one in sessions]
    if options.max_context is not None:
        most = options.max_context
        kept = [_short(one.requests, most) for one in sessions]
        count = sum(len(one.requests) for one in sessions)
        left_out = count - sum(map(sum, kept))
        if left_out == count:
            raise BadInput("--max-context leaves no turn at all; give a larger one")
        if left_out:
            notes.append(
                f"--max-context: {left_out:,} of {count:,} requests are left out, as they or a turn before them would "
                f"pass {most:,} tokens"
            )
        sessions = [part for one, stays in zip(sessions, kept, strict=True) for part in parts_of(one, stays)]
    return replace(trace, sessions=sessions, notes=notes)


def _short(requests: Sequence[Recorded], most: int) -> list[bool]:
    stays: list[bool] = []
    for request in requests:
        fits = request.input_tokens + request.output_tokens <= most
        stays.append(fits and all(stays[one] for one in request.after))
    return stays


def parts_of(session: TraceSession, stays: Sequence[bool]) -> list[TraceSession]:
    """The requests of a session that stay, as one session or several.

    Who waited for a request that does not stay waits for what that one waited for; if that is nothing, another session
    begins with it, as its own prompt holds all that was said.
    """
    if all(stays):
        return [session]
    parts: list[list[Recorded]] = []
    # For each request, the part that it is in and, for its own and later requests, the places to wait for.
    place: list[tuple[int, tuple[int, ...]] | None] = []
    for request, stay in zip(session.requests, stays, strict=True):
        before = [found for found in (place[one] for one in request.after) if found is not None]
        part = before[0][0] if before else None
        after = tuple(sorted({one for found in before if found[0] == part for one in found[1]}))
        if not stay:
            place.append(None if part is None else (part, after))
            continue
        if part is None:
            parts.append([])
            part = len(parts) - 1
        parts[part].append(replace(request, after=after))
        place.append((part, (len(parts[part]) - 1,)))
    return [replace(session, requests=requests) for requests in parts]
