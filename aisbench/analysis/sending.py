"""Compares the sends with the plan: rates, gaps, and how late requests left."""

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
    """When requests left.

    `sent_ns` and `planned_ns` are ns since the start, of every request that was sent, by ticket. They leave out later
    turns of conversations, which wait for an answer, unless there are --users; `every_sent_ns` and `every_planned_ns` include them.

    `lag_ms` is sent - planned, of all requests: the wait that a user sees. `own_lag_ms` is the client's part of it: it
    counts from the planned time or, if the in-flight limit was full then, from the moment a slot became free.
    """

    sent_ns: NDArray[np.int64]
    planned_ns: NDArray[np.int64]
    every_sent_ns: NDArray[np.int64]
    every_planned_ns: NDArray[np.int64]
    could_go_ns: NDArray[np.int64]

    @staticmethod
    def of(run: Run, held: InFlight) -> Sending:
        """`held`: the in-flight slots that were taken."""
        rows = run.selected(run.rows["sent_ns"] > 0)
        sent, planned = rows["sent_ns"] - run.start_ns, rows["planned_ns"] - run.start_ns
        first = rows["turn"] == 0
        could_go: NDArray[np.int64] = planned
        # Users keep their slots, so they never wait for one.
        if run.limit is not None and run.config.users is None:
            freed = held.last_full_before(sent, run.limit)
            # A chain that keeps its slot has one for each later turn.
            waits = first if run.keeps_slots and not run.info.get("branching") else True
            could_go = np.where(waits, np.maximum(planned, freed), planned)
        few = run.config.prefill_concurrency
        if few is not None:
            could_go = np.maximum(could_go, InFlight.prefilling(run).last_full_before(sent, few))
        if first.all() or run.config.users is not None:
            return Sending(sent, planned, sent, planned, could_go)
        return Sending(sent[first], planned[first], sent, planned, could_go)

    # Computed when read, because they would take much memory in a large run.

    @property
    def lag_ms(self) -> NDArray[np.float64]:
        lag_ms: NDArray[np.float64] = (self.every_sent_ns - self.every_planned_ns) / 1e6
        return lag_ms

    @property
    def own_lag_ms(self) -> NDArray[np.float64]:
        own_lag_ms: NDArray[np.float64] = (self.every_sent_ns - self.could_go_ns) / 1e6
        return own_lag_ms

    @property
    def sent_rate(self) -> float:
        """Requests/s from the start to the last send; 0 if that took no time."""
        span_ns = int(self.sent_ns.max(initial=0))
        return len(self.sent_ns) / span_ns * 1e9 if span_ns > 0 else 0.0

    @property
    def every_sent_rate(self) -> float:
        """`sent_rate` of all turns."""
        span_ns = int(self.every_sent_ns.max(initial=0))
        return len(self.every_sent_ns) / span_ns * 1e9 if span_ns > 0 else 0.0

    @property
    def planned_rate(self) -> float:
        """Requests/s in the plan, from the start to the planned time of the last request that was sent."""
        span_ns = int(self.planned_ns.max(initial=0))
        return len(self.planned_ns) / span_ns * 1e9 if span_ns > 0 else 0.0

    @property
    def capped_share(self) -> float:
        """The share of the requests that the in-flight limit delayed by more than 1 ms."""
        if len(self.could_go_ns) == 0:
            return 0.0
        return float(np.mean(self.lag_ms - self.own_lag_ms > 1.0))


class ArrivalsBlock(TypedDict):
    """When requests left. Of a conversation only the first turn counts, except of --users: later turns wait for an answer."""

    process: Annotated[str | None, "the arrival process, such as poisson; inf in a closed loop"]
    asked_rate: Annotated[RequestRate | None, "null in a closed loop"]
    counts: Annotated[Literal["requests", "conversations"], "what the rates count"]
    achieved_rate: Annotated[RequestRate, "from the start to the last send"]
    sent_rate: Annotated[RequestRate, "the same, including later turns of conversations"]
    planned_rate: Annotated[RequestRate | None, "the same for the plan; null in a closed loop"]
    gap_cv: Annotated[float | None, "coefficient of variation of the gaps between sends"]
    planned_gap_cv: Annotated[float | None, "the same for the plan"]
    dispersion: Annotated[float | None, "variance over mean of the number of sends in equal intervals"]
    ks: Annotated[float | None, "Kolmogorov-Smirnov distance of the gaps from the requested law"]
    ks_limit: Annotated[float | None, "the bound that `ks` stays below when the gaps follow it"]
    held_back_by_limit: Annotated[
        Share | None, "share of the requests that the in-flight limit delayed; null in a closed loop"
    ]


@more_keys(PERCENTILES)
class ScheduleLag(Figures):
    """How late requests left, ms."""

    own_p99: Annotated[Ms | None, "p99 without the waits for the in-flight limit: the client's own delay"]


def arrivals_block(run: Run, sending: Sending) -> ArrivalsBlock:
    """summary.json's `arrivals`. Rates are in requests/s, or in started conversations/s (see `counts`); only
    `sent_rate` includes later turns. Figures that cannot be computed are None."""
    rate = run.config.rate_rps if run.config.user_rate is None else run.config.user_rate
    steady = math.isfinite(rate)
    by_talks = run.has_conversations and run.config.users is None
    block: ArrivalsBlock = {
        "process": run.written_config.get("arrival"),
        "asked_rate": None,
        "counts": "conversations" if by_talks else "requests",
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
    # The gaps of a ramp or a trace follow no single law, so they can be compared only with the plan.
    if sent is not None and steady and run.config.users is None:
        block["ks"], block["ks_limit"] = sent.ks, sent.ks_limit
    return block


def _statistics_of(run: Run, times_ns: NDArray[np.int64]) -> GapStatistics | None:
    return gap_statistics(times_ns, shape=run.config.shape)


def lag_block(run: Run, sending: Sending) -> ScheduleLag | None:
    """`schedule_lag_ms`: describe() of sent - planned, and `own_p99`; None in a closed loop, which has no plan."""
    if not run.is_open_loop:
        return None
    own = float(np.percentile(sending.own_lag_ms, 99)) if len(sending.could_go_ns) else None
    return {**describe(sending.lag_ms), "own_p99": own}
