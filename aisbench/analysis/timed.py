"""The block `timed`: what a run bounded by time did within that time, apart from its end."""

from __future__ import annotations

from typing import Annotated, TypedDict

import numpy as np

from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.analysis.contract.keys import RequestRate, Requests, Seconds, TokenRate
from aisbench.analysis.measured import Measured


class TimedBlock(TypedDict):
    """What a run with --duration did within that time, apart from its end, in which the load only drained."""

    window_s: Annotated[Seconds, "the set time, or, of a run that was stopped before, the time it had"]
    completed: Annotated[Requests, "answered in it"]
    finished_after: Annotated[Requests, "answered later, within --grace"]
    cut: Annotated[Requests, "given up at the end"]
    request_throughput: Annotated[RequestRate, "of those answered in it"]
    output_throughput: Annotated[TokenRate, "of the tokens that came in it"]


def timed_block(measured: Measured) -> TimedBlock | None:
    """summary.json's `timed`; None for runs without --duration.

    `duration` and the throughputs on top count to the end of the last answer, and so hold the time in
    which the load only drained. These here count what came within the set time: `completed` were
    answered in it, `finished_after` later (within --grace), `cut` were given up. Output tokens come
    from the flow of token events, each taken as the run's mean number of tokens.
    """
    run = measured.run
    seconds = run.config.duration_s
    if not seconds or len(run.rows) == 0:
        return None
    # A run that was stopped before its time is judged by the time it had.
    window_ns = min(int(seconds * 1e9), run.duration_ns)
    if window_ns <= 0:
        return None
    ok = measured.ok
    inside = ok & (run.rows["done_ns"] - run.start_ns <= window_ns)
    flowed = int(run.flow[: window_ns // FLOW_BUCKET_NS].sum())
    return {
        "window_s": window_ns / 1e9,
        "completed": int(inside.sum()),
        "finished_after": int((ok & ~inside).sum()),
        "cut": int(run.has_status("cancelled").sum()),
        "request_throughput": float(np.sum(inside)) / (window_ns / 1e9),
        "output_throughput": flowed * measured.tokens.per_event(run) / (window_ns / 1e9),
    }
