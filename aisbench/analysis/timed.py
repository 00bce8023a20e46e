"""The block `timed`: what a run with --duration did within that time, without the draining at its end."""

from __future__ import annotations

from typing import Annotated, TypedDict

import numpy as np

from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.analysis.contract.keys import RequestRate, Requests, Seconds, TokenRate
from aisbench.analysis.measured import Measured


class TimedBlock(TypedDict):
    """What a run with --duration did within that time, without the draining at its end."""

    window_s: Annotated[Seconds, "the set time, or the run's own length if it was stopped before"]
    completed: Annotated[Requests, "answered within the window"]
    finished_after: Annotated[Requests, "answered later, within --grace"]
    cut: Annotated[Requests, "cut off at the end"]
    request_throughput: Annotated[RequestRate, "of the requests answered within the window"]
    output_throughput: Annotated[TokenRate, "of the tokens that arrived within the window"]


def timed_block(measured: Measured) -> TimedBlock | None:
    """summary.json's `timed`; None without --duration.

    The top-level `duration` and throughputs run to the end of the last answer, so they include the time in which the
    load only drained. This block counts what came within the set time: `completed` were answered in it,
    `finished_after` later (within --grace), and `cut` were cut off. Output tokens are token events times the run's mean
    number of tokens per event.
    """
    run = measured.run
    seconds = run.config.duration_s
    if not seconds or len(run.rows) == 0:
        return None
    # A run that was stopped early is measured over its own length.
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
