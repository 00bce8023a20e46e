"""Blocks that count requests: their outcomes, failures by kind, those in flight, peaks, and goodput."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

import numpy as np

from aisbench.analysis.contract.keys import MeanInFlight, Ms, RequestRate, Requests, TokenRate
from aisbench.analysis.latencies import Latencies
from aisbench.analysis.measured import Measured
from aisbench.analysis.series import NS, peak_per_second
from aisbench.records.run import Run


class RequestsBlock(TypedDict):
    """Outcomes of the requests. Each is in exactly one of completed, failed, aborted, cancelled, dropped, lost, not_sent."""

    planned: Annotated[Requests | None, "null if only time bounds the run"]
    sent: Annotated[Requests, "that left"]
    completed: Annotated[Requests, "that succeeded"]
    failed: Annotated[Requests, "by kind in `errors`"]
    aborted: Annotated[Requests, "cancelled by the client, as --cancel-rate asks"]
    cancelled: Annotated[Requests, "stopped by the end of the run"]
    dropped: Annotated[Requests, "never sent because they were late (--late drop)"]
    lost: Annotated[Requests, "in flight when their worker died"]
    not_sent: Annotated[
        Requests,
        "planned but never started, because the run, their conversation or their worker ended first",
    ]
    warm_up: Annotated[Requests, "that began within --warmup-time; in no other figure, nor in `planned`"]


class InFlightBlock(TypedDict):
    """Requests in flight at once."""

    limit: Annotated[Requests | None, "the limit set by --concurrency; null if there is none"]
    mean: Annotated[MeanInFlight, "over the run"]
    peak: Annotated[Requests, "the most at one moment"]


class PeaksBlock(TypedDict):
    """The busiest whole second since the start, for each rate, of the successful requests."""

    requests_per_s: Annotated[RequestRate, "that ended"]
    input_tokens_per_s: Annotated[TokenRate, "counted when their request was sent"]
    output_tokens_per_s: Annotated[TokenRate, "counted when they arrived"]
    total_tokens_per_s: Annotated[TokenRate, "both"]


class GoodputBlock(TypedDict):
    """Requests that meet every bound of --goodput."""

    bounds_ms: Annotated[dict[str, Ms], "by metric"]
    good: Annotated[Requests, "that meet all of them"]
    of: Annotated[Requests, "that succeeded"]
    not_measured: Annotated[Requests, "that have no TPOT to compare with its bound, and so are not good"]


def requests_block(run: Run) -> RequestsBlock:
    planned = run.info.get("planned_requests")
    return {
        "planned": planned,
        "sent": int((run.rows["sent_ns"] > 0).sum()),
        "completed": int(run.has_status("ok").sum()),
        "failed": int(run.has_status("failed").sum()),
        "aborted": int(run.has_status("aborted").sum()),
        "cancelled": int(run.has_status("cancelled").sum()),
        "dropped": int(run.has_status("dropped").sum()),
        "lost": int(run.has_status("in_flight").sum()),
        "not_sent": max(0, planned - len(run.rows)) if planned is not None else 0,
        "warm_up": run.left_out,
    }


def abort_notes(requests: RequestsBlock, counted: float | None) -> list[str]:
    """A sentence on the requests that the client cancelled. `counted`: what the servers say; None: they do not."""
    if requests["aborted"] == 0:
        return []
    theirs = "" if counted is None else f"; the server counted {counted:,.0f} requests as aborted"
    return [f"{requests['aborted']:,} requests were cancelled by the client, as --cancel-rate asks{theirs}."]


def warm_up_notes(run: Run) -> list[str]:
    """A sentence on the requests that --warmup-time leaves out."""
    if not run.config.warmup_time_s:
        return []
    return [
        f"The first {run.config.warmup_time_s:g} s of the load were its warm-up: {run.left_out:,} requests that began then are in "
        "no figure."
    ]


def in_flight_block(measured: Measured) -> InFlightBlock:
    found = measured.in_flight
    return {"limit": measured.run.limit, "mean": found.mean, "peak": found.peak}


def errors_block(measured: Measured) -> dict[str, int]:
    """Numbers of failed requests by kind, the most frequent first."""
    return {kind: len(rows) for kind, rows in measured.failures.items()}


def peaks_block(measured: Measured) -> PeaksBlock:
    run, ok = measured.run, measured.ok
    rows = run.selected(ok)
    if len(rows) == 0:
        return {
            "requests_per_s": 0.0,
            "input_tokens_per_s": 0.0,
            "output_tokens_per_s": 0.0,
            "total_tokens_per_s": 0.0,
        }
    ended = np.bincount((rows["done_ns"] - run.start_ns) // NS)
    sent = np.bincount((rows["sent_ns"] - run.start_ns) // NS, weights=measured.tokens.prompt[ok])
    seconds = max(len(sent), -(-len(run.flow) // 100))
    came = measured.flow
    flow = np.zeros(seconds * 100)
    flow[: len(came)] = came
    total = flow.reshape(seconds, 100).sum(axis=1) + np.pad(sent, (0, seconds - len(sent)))
    return {
        "requests_per_s": float(ended.max()),
        "input_tokens_per_s": float(sent.max()),
        "output_tokens_per_s": peak_per_second(came),
        "total_tokens_per_s": float(total.max()),
    }


def goodput_block(latencies: Latencies, bounds_ms: Mapping[str, float] | None) -> GoodputBlock | None:
    if not bounds_ms:
        return None
    return {
        "bounds_ms": dict(bounds_ms),
        "good": latencies.meeting(bounds_ms),
        "of": len(latencies),
        "not_measured": latencies.at_one_moment if "tpot" in bounds_ms else 0,
    }
