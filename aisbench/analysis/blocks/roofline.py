"""The load that a client on this host can carry, and the share of it that a run used.

A worker is one thread, so its load is a sum: each token event takes `event_ns` of its CPU, and each request
`request_ns` (the utilisation law). At the roofline they fill one core: 1e9 / event_ns events per second, or
1e9 / request_ns requests per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.analysis.contract.keys import PassableShare, RequestRate, Unit
from aisbench.analysis.series import NS, bin_edges
from aisbench.records.run import Run

# If the fit gives a smaller cost than this, it is noise of a busy host.
LEAST_COST_NS = 100.0


@dataclass(frozen=True)
class Cost:
    """CPU time of one worker per token event and per request, ns."""

    event_ns: float
    request_ns: float

    @staticmethod
    def between(decoding: Load, asking: Load) -> Cost:
        """The costs that fit two loads: one of nearly only token events, and one of nearly only requests."""
        counts = np.array([[decoding.events, decoding.requests], [asking.events, asking.requests]], float)
        event_ns, request_ns = np.linalg.solve(counts, [decoding.cpu_ns, asking.cpu_ns])
        return Cost(max(float(event_ns), LEAST_COST_NS), max(float(request_ns), LEAST_COST_NS))


@dataclass(frozen=True)
class Load:
    """What the workers of a run did, together: token events, requests, and the CPU time they took."""

    events: int
    requests: int
    cpu_ns: int

    @staticmethod
    def of(run: Run) -> Load:
        cpu_ns = sum(int(worker.get("cpu_ns") or 0) for worker in run.workers)
        return Load(int(run.flow.sum()), int((run.rows["sent_ns"] > 0).sum()), cpu_ns)


class Roofline(TypedDict):
    """What this client can carry by the last selfcheck on its host, and the share of it that the run used."""

    events_per_s_per_worker: Annotated[float, Unit("events/s", 0), "token events that fill one worker"]
    requests_per_s_per_worker: Annotated[RequestRate, "requests that fill one worker"]
    measured: Annotated[str, "when the selfcheck was made"]
    mean_share: Annotated[PassableShare, "mean over the run; 1 is all that the workers can carry"]
    busiest_share: Annotated[
        PassableShare, "in the busiest second; runs shorter than two seconds count as one"
    ]


def roofline_block(run: Run) -> Roofline | None:
    """summary.json's `client.roofline`; None without a selfcheck, or for https, which the selfcheck does not measure.

    Shares are of what the workers can carry, and can exceed 1. Runs shorter than two seconds count as one second."""
    known = run.info.get("roofline")
    endpoints = run.info.get("endpoints") or ()
    if known is None or not run.workers or any(url.startswith("https") for url in endpoints):
        return None
    edges = bin_edges(run.duration_ns, NS)
    events, requests = _counts_within(run, edges)
    busy_ns = events * known["event_ns"] + requests * known["request_ns"]
    room_ns = np.diff(edges) * len(run.workers)
    return {
        "events_per_s_per_worker": NS / known["event_ns"],
        "requests_per_s_per_worker": NS / known["request_ns"],
        "measured": known["date"],
        "mean_share": float(busy_ns.sum() / room_ns.sum()),
        "busiest_share": float((busy_ns / room_ns).max()),
    }


def _counts_within(run: Run, edges_ns: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Token events and sent requests between neighbouring edges, both of shape (len(edges_ns) - 1,). Those beyond the
    ends count in the outer bins."""
    inner = edges_ns[1:-1]
    sent = run.rows["sent_ns"]
    requests = np.searchsorted(inner, sent[sent > 0] - run.start_ns, side="right")
    events = np.searchsorted(inner, np.arange(len(run.flow)) * FLOW_BUCKET_NS, side="right")
    bins = len(edges_ns) - 1
    return (
        np.bincount(events, weights=run.flow, minlength=bins).astype(float),
        np.bincount(requests, minlength=bins).astype(float),
    )
