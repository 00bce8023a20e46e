"""Cuts a part of a trace out by its times: --trace-start and --trace-end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aisbench.errors import BadInput
from aisbench.workload.files.trace_times import S
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces.limits import parts_of
from aisbench.workload.traces.trace import Trace


class Window:
    """The wanted part of a trace, counted from its first request. Raises BadInput if it ends before it begins."""

    def __init__(self, options: WorkloadOptions) -> None:
        start_s, end_s = options.trace_start_s, options.trace_end_s
        self.is_all = start_s is None and end_s is None
        self.flag = "--trace-start" if start_s is not None else "--trace-end"
        self.first_ns = round((start_s or 0.0) * S)
        self.end_ns = None if end_s is None else round(end_s * S)
        if start_s is not None and end_s is not None and end_s <= start_s:
            raise BadInput(f"--trace-end ({end_s:g} s) must be later than --trace-start ({start_s:g} s)")

    def has(self, times_ns: Sequence[int]) -> list[bool]:
        """Whether each of these times, of which the earliest is the trace's first, is in the window.

        Raises BadInput if none is.
        """
        origin = min(times_ns)
        found = [
            self.first_ns <= at - origin and (self.end_ns is None or at - origin < self.end_ns)
            for at in times_ns
        ]
        if not any(found):
            length_s = (max(times_ns) - origin) / S
            raise BadInput(f"{self.flag}: nothing of the trace is in that window; it is {length_s:g} s long")
        return found


def in_window(trace: Trace, options: WorkloadOptions) -> Trace:
    """The requests of the window; raises BadInput if there are none, or if the trace has no times to go by."""
    window = Window(options)
    if window.is_all:
        return trace
    if not trace.one_clock:
        raise BadInput(
            f"{window.flag}: every session of a {trace.format} trace has a clock of its own; leave it out"
        )
    if not trace.has_times:
        raise BadInput(f"{window.flag} needs a trace whose requests all have times")
    stays = iter(window.has([request.at_ns or 0 for request in trace.requests]))
    count = trace.count
    sessions = [
        part
        for session in trace.sessions
        for part in parts_of(session, [next(stays) for _ in session.requests])
    ]
    cut = replace(trace, sessions=sessions).sorted()
    note = f"--trace-start and --trace-end leave {cut.count} of {count} requests"
    return replace(cut, notes=[*trace.notes, note])
