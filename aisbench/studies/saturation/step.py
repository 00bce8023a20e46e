"""What a search measures: a `Sample` is the second half of one run, a `Point` all runs at one load."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.backlog import Flow, Growth, growth
from aisbench.analysis.latencies import Columns, met
from aisbench.analysis.measured import Measured
from aisbench.analysis.progress import progress
from aisbench.analysis.statistics.figures import describe
from aisbench.metrics import NAMES
from aisbench.studies.slo.held import NO_SHARE, Held, Share, hold
from aisbench.studies.slo.latencies import latencies_ms
from aisbench.studies.slo.scores import Scores, accuracy_of, pooled_scores, share_right
from aisbench.studies.slo.terms import ACCURACY, ERROR_RATE, Term

# The first part of a step brings the server to its level and is not measured.
_WARM_UP_SHARE = 0.5
# The relative error of the capacity, as the throughput under overload gives it.
_CAPACITY_ERROR = 0.01
# Growth by this share of the load leaves no doubt that the load is too high.
_MUCH_GROWTH = 0.1
# With fewer requests in flight than this on average, requests are mostly alone on the server.
LONE = 0.5


@dataclass(frozen=True)
class Sample:
    """The measured part of one run, `seconds` long.

    `due`: requests that were due in it (in a closed loop: sent in it); `failed` of them failed, and `good` met all the
    SLO's bounds. `latencies`: by metric, one value in ms for each request due that did not fail; infinite if it was cut
    off before the latency could be measured. `completed`: requests that ended in it, with `output_tokens` tokens.
    `flow`: empty in a closed loop.

    With --score, of requests due in it; in a closed loop, which has all its requests in flight from the beginning, of
    the whole run: `scores` has the scores of the answers by question (its fingerprint). `differing`: how many of the
    answers to questions of the reference have another text there.
    """

    seconds: float
    latencies: dict[str, NDArray[np.float64]]
    due: int
    failed: int
    good: int
    completed: int
    output_tokens: int
    in_flight_mean: float
    flow: Flow
    scores: Scores = field(default_factory=dict)
    differing: Share = NO_SHARE

    @staticmethod
    def of(
        measured: Measured, slo: tuple[Term, ...] = (), reference: Mapping[int, int] | None = None
    ) -> Sample:
        """`reference`: see accuracy.Graded.texts."""
        run = measured.run
        end_ns = int(run.info.get("sending_ended_ns") or run.last_ns) - run.start_ns
        begin_ns = int(end_ns * _WARM_UP_SHARE)
        rows = run.rows
        asked = rows["planned_ns"] if run.is_open_loop else rows["sent_ns"]
        due_ns = asked - run.start_ns
        inside = (due_ns >= begin_ns) & (due_ns < end_ns) & ((rows["sent_ns"] > 0) | run.is_open_loop)
        tokens, ok = measured.tokens, measured.ok
        values = latencies_ms(measured)
        done_ns = rows["done_ns"] - run.start_ns
        ended_inside = ok & (done_ns >= begin_ns) & (done_ns < end_ns)
        failed = run.has_status("failed")
        counted = inside & ~failed
        graded = measured.graded
        scores: dict[int, tuple[float, ...]] = {}
        differing = NO_SHARE
        if graded is not None:
            answered = inside & ok if run.is_open_loop else ok
            scores = graded.by_question(answered)
            differing = Share(*graded.differing(reference or {}, answered))
        return Sample(
            seconds=(end_ns - begin_ns) / 1e9,
            latencies={name: every[counted & ~np.isnan(every)] for name, every in values.items()},
            due=int(inside.sum()),
            failed=int((inside & failed).sum()),
            good=int((inside & ok & _meets(values, slo, Columns(rows, tokens.output))).sum()),
            completed=int(ended_inside.sum()),
            output_tokens=int(tokens.output[ended_inside].sum()),
            in_flight_mean=measured.in_flight.mean_within(begin_ns, end_ns),
            flow=Flow.within(due_ns, progress(run, end_ns), begin_ns, end_ns)
            if run.is_open_loop
            else Flow.none(),
            scores=scores,
            differing=differing,
        )


def _meets(
    values: dict[str, NDArray[np.float64]], slo: tuple[Term, ...], requests: Columns
) -> NDArray[np.bool_]:
    """Which rows meet every bound of `slo` on a latency (rows,)."""
    good = np.ones(len(requests.tokens), np.bool_)
    for term in slo:
        if term.metric in values:
            good &= met(term.metric, values[term.metric], term.bound, requests)
    return good


@dataclass(frozen=True)
class Point:
    """All runs at one load together. `load` is in requests/s if `open_loop`, else in requests in flight.

    `throughput`: requests/s that ended. `done_per_s`: in an open loop, requests/s done, where an unfinished request
    counts for the part that was done.

    `capacity`: requests/s that the server can complete (see search._capacity_of); None if that is not known. It decides
    if a step cannot show whether the queue grows. `refuted`: a higher load shows that the queue does not grow here,
    although it seemed to.
    """

    load: float
    open_loop: bool
    runs: int
    seconds: float
    held: tuple[Held, ...]
    growth: Growth | None
    done_per_s: float
    throughput: float
    output_throughput: float
    goodput: float | None
    error_rate: float
    in_flight_mean: float
    latencies: dict[str, dict[str, float]]
    scores: Scores = field(default_factory=dict)
    differing: Share = NO_SHARE
    capacity: float | None = None
    refuted: bool = False

    @staticmethod
    def of(load: float, open_loop: bool, samples: list[Sample], slo: tuple[Term, ...]) -> Point:
        seconds = sum(sample.seconds for sample in samples)
        pooled = {
            name: np.concatenate([s.latencies[name] for s in samples if name in s.latencies])
            for name in NAMES
            if any(name in s.latencies for s in samples)
        }
        due, failed = sum(s.due for s in samples), sum(s.failed for s in samples)
        scores = pooled_scores([s.scores for s in samples])
        shares = {ERROR_RATE: Share(failed, due), ACCURACY: share_right(scores)}
        flow = Flow.pooled([s.flow for s in samples])
        return Point(
            load=load,
            open_loop=open_loop,
            runs=len(samples),
            seconds=seconds,
            held=hold(slo, pooled, shares),
            growth=growth(flow, load) if open_loop else None,
            done_per_s=float(flow.done.mean()) if open_loop else 0.0,
            throughput=sum(s.completed for s in samples) / seconds if seconds else 0.0,
            output_throughput=sum(s.output_tokens for s in samples) / seconds if seconds else 0.0,
            goodput=sum(s.good for s in samples) / seconds if seconds and bounds_latency(slo) else None,
            error_rate=failed / due if due else 0.0,
            in_flight_mean=sum(s.in_flight_mean * s.seconds for s in samples) / seconds if seconds else 0.0,
            latencies={
                f"{name}_ms": cast(dict[str, float], describe(values[np.isfinite(values)]))
                for name, values in pooled.items()
                if len(values)
            },
            scores=scores,
            differing=sum((s.differing for s in samples), NO_SHARE),
        )

    @property
    def overloaded(self) -> bool:
        return self.growth is not None and self.growth.grows and not self.refuted

    @property
    def surely_overloaded(self) -> bool:
        return self.overloaded and self.growth is not None and self.growth.clear

    @property
    def hardly_overloaded(self) -> bool:
        """True if the load fails only because the queue grew a little."""
        grew = self.growth.share if self.growth is not None else 0.0
        return self.overloaded and grew < _MUCH_GROWTH and all(held.met for held in self.held)

    @property
    def steady(self) -> bool:
        """True if the queue surely does not grow, as the step itself or the capacity shows."""
        if self.growth is None or self.overloaded:
            return self.growth is None
        return (
            self.refuted
            or self.growth.clear
            or (self.capacity is not None and self.load < (1 - _CAPACITY_ERROR) * self.capacity)
        )

    @property
    def beyond(self) -> bool:
        """True if the load is above the capacity and the step did not show whether the queue grows."""
        known = self.capacity is not None and self.growth is not None and not self.overloaded
        return known and not self.steady and self.load > (1 + _CAPACITY_ERROR) * (self.capacity or 0.0)

    @property
    def passes(self) -> bool:
        return not self.overloaded and not self.beyond and all(held.met for held in self.held)

    @property
    def clear(self) -> bool:
        """True if chance is unlikely to have decided `passes`."""
        if self.passes:
            return self.surely_passes
        return any(held.clear for held in self.held if not held.met) or self.surely_overloaded or self.beyond

    @property
    def surely_passes(self) -> bool:
        return self.passes and self.steady and all(held.clear for held in self.held)

    @property
    def is_lone(self) -> bool:
        """True if requests are mostly alone on the server, so that less load would not help."""
        return self.in_flight_mean < LONE if self.open_loop else self.load <= 1

    def as_dict(self) -> dict[str, Any]:
        return {
            "load": self.load,
            "runs": self.runs,
            "measured_s": self.seconds,
            "passes": self.passes,
            "clear": self.clear,
            "request_throughput": self.throughput,
            "output_throughput": self.output_throughput,
            "goodput": self.goodput,
            "error_rate": self.error_rate,
            "in_flight_mean": self.in_flight_mean,
            "accuracy": accuracy_of(self.scores),
            "differing": self.differing.as_dict(),
            "slo": [
                {
                    "term": str(held.term),
                    "value": held.value,
                    "low": held.low,
                    "high": held.high,
                    "met": held.met,
                }
                for held in self.held
            ],
            "backlog": None
            if self.growth is None
            else {
                "grows": self.overloaded,
                "steady": self.steady,
                "beyond_capacity": self.beyond,
                "per_s": self.growth.per_s,
                "p": self.growth.p,
                "high_per_s": None if math.isinf(self.growth.high_per_s) else self.growth.high_per_s,
            },
            "metrics": self.latencies,
        }


def bounds_latency(slo: tuple[Term, ...]) -> bool:
    return any(term.metric in NAMES for term in slo)
