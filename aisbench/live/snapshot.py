"""The state of a run at one moment, as the live view shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from aisbench.records.histograms import Histogram


@dataclass(frozen=True)
class Snapshot:
    """Rates are requests/s and tokens/s since the previous snapshot. Latencies cover the run so far. Both are None
    while they are unknown.

    `asked_rate`: the target rate, requests/s; None if it is not constant or there is none.
    `done`: the requests that ended; `failed`: those of them that failed.
    `*_recent_ms`: means since the previous snapshot, None if nothing arrived.
    `nodes`: what is said of the nodes of a cluster.
    `histograms`: those of the records, and `e2el` of the succeeded requests.
    """

    elapsed_s: float = 0.0
    remaining_s: float | None = None
    asked_rate: float | None = None
    achieved_rate: float | None = None
    in_flight: int = 0
    limit: int | None = None
    tokens_per_s: float | None = None
    sent: int = 0
    done: int = 0
    failed: int = 0
    planned: int | None = None
    ttft_p50_ms: float | None = None
    ttft_p99_ms: float | None = None
    itl_p50_ms: float | None = None
    itl_p99_ms: float | None = None
    e2el_p50_ms: float | None = None
    e2el_p99_ms: float | None = None
    ttft_recent_ms: float | None = None
    itl_recent_ms: float | None = None
    token_events: int = 0
    histograms: dict[str, Histogram] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    nodes: str = ""
