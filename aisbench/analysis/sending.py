"""The process of sends: requests as they left against the plan, and what held late ones back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.keys import Ms, RequestRate, Share, more_keys
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.statistics.figures import PERCENTILES, Figures, describe
from aisbench.records.run import Run
from aisbench.workload.arrivals.gap_statistics import GapStatistics, gap_statistics


@dataclass(frozen=True)
class Sending:
    """How requests left. `sent_ns` and `planned_ns` are since the start, of all that were sent, by slot; of a
    conversation only its first turn, for the others leave when an answer came. With `every_` they are of the other
    turns as well.

    `lag_ms`, of all requests, is sent - planned. `own_lag_ms` counts only from when the request could have gone: its
    planned time, or, where the in-flight limit was full then, the moment it was so last. The first is
    what a user waits; the second is the client's doing.
    """

    sent_ns: NDArray[np.int64]
    planned_ns: NDArray[np.int64]
    every_sent_ns: NDArray[np.int64]
    every_planned_ns: NDArray[np.int64]
    lag_ms: NDArray[np.float64]
    own_lag_ms: NDArray[np.float64]

    @staticmethod
    def of(run: Run, held: InFlight) -> Sending:
        """`held`: the in-flight slots that were taken."""
        rows = run.selected(run.rows["sent_ns"] > 0)
        sent, planned = rows["sent_ns"] - run.start_ns, rows["planned_ns"] - run.start_ns
        first = rows["turn"] == 0
        could_go = planned
        if run.limit is not None:
            freed = held.last_full_before(sent, run.limit)
            could_go = np.where(first, np.maximum(planned, freed), planned)
        lag_ms, own_lag_ms = (sent - planned) / 1e6, (sent - could_go) / 1e6
        if first.all():
            return Sending(sent, planned, sent, planned, lag_ms, own_lag_ms)
        return Sending(sent[first], planned[first], sent, planned, lag_ms, own_lag_ms)

    @property
    def sent_rate(self) -> float:
        """Requests/s from the start to the last send; 0 when that takes no time."""
        span_ns = int(self.sent_ns.max(initial=0))
        return len(self.sent_ns) / span_ns * 1e9 if span_ns > 0 else 0.0

    @property
    def every_sent_rate(self) -> float:
        """The same of all turns."""
        span_ns = int(self.every_sent_ns.max(initial=0))
        return len(self.every_sent_ns) / span_ns * 1e9 if span_ns > 0 else 0.0

    @property
    def planned_rate(self) -> float:
        """The same of the plan: what the sent requests' own offsets asked for."""
        span_ns = int(self.planned_ns.max(initial=0))
        return len(self.planned_ns) / span_ns * 1e9 if span_ns > 0 else 0.0

    @property
    def capped_share(self) -> float:
        """The part of the requests that the in-flight limit made late (by more than 1 ms)."""
        if len(self.lag_ms) == 0:
            return 0.0
        return float(np.mean(self.lag_ms - self.own_lag_ms > 1.0))


class ArrivalsBlock(TypedDict):
    """The process of sends. Of conversations only their beginnings are counted: later turns leave when an answer came."""

    process: Annotated[str | None, "the law of arrivals, such as poisson; inf in a closed loop"]
    asked_rate: Annotated[RequestRate | None, "null in a closed loop"]
    counts: Annotated[Literal["requests", "conversations"], "what the rates are of"]
    achieved_rate: Annotated[RequestRate, "from the start to the last send"]
    sent_rate: Annotated[RequestRate, "the same of all requests, later turns of conversations with them"]
    planned_rate: Annotated[RequestRate | None, "the same of the plan; null in a closed loop"]
    gap_cv: Annotated[float | None, "coefficient of variation of the gaps between sends"]
    planned_gap_cv: Annotated[float | None, "the same of the plan"]
    dispersion: Annotated[
        float | None, "variance over mean of the counts of sends in equal stretches of time"
    ]
    ks: Annotated[float | None, "Kolmogorov-Smirnov distance of the gaps from the law that was asked for"]
    ks_limit: Annotated[float | None, "what `ks` stays below, by chance, when they follow it"]
    held_back_by_limit: Annotated[
        Share | None, "of the requests, those that the in-flight limit made late; null in a closed loop"
    ]


@more_keys(PERCENTILES)
class ScheduleLag(Figures):
    """How late requests left, ms."""

    own_p99: Annotated[Ms | None, "p99 without the waits for the in-flight limit: the client's own delay"]


def arrivals_block(run: Run, sending: Sending) -> ArrivalsBlock:
    """summary.json's `arrivals`. Rates in requests/s, but of conversations (`counts`) in begun ones: their later turns
    leave when an answer came, and only `sent_rate` has them. Figures that cannot be had are None."""
    rate, steady = run.config.rate_rps, math.isfinite(run.config.rate_rps)
    block: ArrivalsBlock = {
        "process": run.written_config.get("arrival"),
        "asked_rate": None,
        "counts": "conversations" if run.has_conversations else "requests",
        "achieved_rate": sending.sent_rate,
        "sent_rate": sending.every_sent_rate,
        "planned_rate": None,
        "gap_cv": None,
        "planned_gap_cv": None,
        "dispersion": None,
        "ks": None,
        "ks_limit": None,
        "held_back_by_limit": sending.capped_share if run.is_open_loop else None,
    }
    sent = _statistics_of(run, sending.sent_ns)
    if sent is not None:
        block["gap_cv"] = sent.cv
        block["dispersion"] = None if math.isnan(sent.dispersion) else sent.dispersion
    if not run.is_open_loop:
        return block
    block["asked_rate"] = float(rate) if steady else sending.planned_rate
    block["planned_rate"] = sending.planned_rate
    planned = _statistics_of(run, sending.planned_ns)
    if planned is not None:
        block["planned_gap_cv"] = planned.cv
    # A ramp's or a trace's gaps follow no one law, so only the plan itself can be compared with.
    if sent is not None and steady:
        block["ks"], block["ks_limit"] = sent.ks, sent.ks_limit
    return block


def _statistics_of(run: Run, times_ns: NDArray[np.int64]) -> GapStatistics | None:
    return gap_statistics(times_ns, shape=run.config.shape)


def lag_block(run: Run, sending: Sending) -> ScheduleLag | None:
    """`schedule_lag_ms`: describe() of sent - planned, with `own_p99`; None in closed loop (no plan)."""
    if not run.is_open_loop:
        return None
    own = float(np.percentile(sending.own_lag_ms, 99)) if len(sending.own_lag_ms) else None
    return {**describe(sending.lag_ms), "own_p99": own}
