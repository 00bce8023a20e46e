"""Measures an arrival plan before anything is sent: its rate over time and its gaps, beside what its law expects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.series import NS, bin_edges, bin_ns, per_second
from aisbench.engine.plan import Plan
from aisbench.workload.arrivals.gap_law import gap_cdf
from aisbench.workload.arrivals.gap_statistics import gap_statistics

Floats = NDArray[np.float64]

# Bins of the rate: as many as can be seen, each with enough requests to show the rate rather than noise.
_MOST_BINS, _FEWEST_BINS, _BIN_REQUESTS = 300, 20, 10
# The moving average covers this share of the plan, and at least this many bins.
_AVERAGED_SHARE, _AVERAGED_LEAST = 0.05, 3
_RATE_BARS = 40
# How many bars the gaps are drawn in, and the percentile of the gaps at which the chart ends.
_GAP_BARS, _GAPS_SHOWN = 60, 99.5


@dataclass(frozen=True)
class PlannedRate:
    """Requests/s in bins that begin at `starts_s` and are `width_s` wide; all arrays have shape (bins,).

    `averaged`: the moving average of `planned`. `law`: what the law expects in each bin (nan after the law ends; None
    if the plan has no law).
    """

    starts_s: Floats
    width_s: float
    planned: Floats
    averaged: Floats
    law: Floats | None


@dataclass(frozen=True)
class PlannedGaps:
    """A histogram of the gaps, in mean gaps at the rate of the moment.

    `edges` (bars + 1,); `counts` (bars,): gaps in each bar; `beyond`: how many lie beyond the last edge; `law` (bars,):
    how many the law expects, or None if the gaps are not drawn from a law.
    """

    edges: Floats
    counts: NDArray[np.int64]
    beyond: int
    law: Floats | None


def planned_rate(plan: Plan) -> PlannedRate:
    offsets = plan.offsets_ns
    # The last request leaves exactly at the plan's end and belongs to the bin that ends there.
    duration_ns = max(int(offsets[-1]), 1)
    width_ns = bin_ns(duration_ns, min(_MOST_BINS, max(_FEWEST_BINS, len(offsets) // _BIN_REQUESTS)))
    edges_s = bin_edges(duration_ns, width_ns) / NS
    bins = len(edges_s) - 1
    found = per_second(offsets, duration_ns, width_ns)
    window = max(_AVERAGED_LEAST, int(_AVERAGED_SHARE * bins) // 2 * 2 + 1)
    return PlannedRate(
        found.t_s, width_ns / NS, found.y, moving_average(found.y, window), law_rate(plan, edges_s)
    )


def moving_average(values: Floats, window: int) -> Floats:
    """The mean of the `window` values (an odd number) around each value; fewer at the ends."""
    half = window // 2
    total = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    begin, end = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return np.asarray((total[end] - total[begin]) / (end - begin))


def law_rate(plan: Plan, edges_s: Floats) -> Floats | None:
    """The rate, requests/s, that the law expects between neighbouring `edges_s` (bins + 1,); None for a trace."""
    return None if plan.law is None else plan.law.rate_at(edges_s, plan.limit)


def operational(plan: Plan) -> Floats | None:
    """The plan's times (requests,), ascending, stretched so that the rate is 1 at every moment.

    None if the gaps are not drawn from a law (bursts, traces).
    """
    return None if plan.law is None else plan.law.unit_times(plan.offsets_ns)


def gap_shape(plan: Plan) -> float:
    """The gamma shape of the plan's gaps; inf (constant gaps) if they are not drawn from a law."""
    return math.inf if plan.law is None or plan.law.gap_shape is None else plan.law.gap_shape


def planned_gaps(plan: Plan) -> PlannedGaps | None:
    """None for a plan of fewer than two requests."""
    if len(plan.offsets_ns) < 2:
        return None
    unit = operational(plan)
    gaps = np.diff(plan.offsets_ns / NS if unit is None else unit)
    mean = float(gaps.mean())
    if unit is None and mean > 0:
        gaps = gaps / mean
    high = max(float(np.percentile(gaps, _GAPS_SHOWN)), 2.0)
    edges = np.linspace(0.0, high, _GAP_BARS + 1)
    # Keeps a constant gap of one mean gap inside one bar, however it was rounded.
    counts, _ = np.histogram(gaps + 1e-9, edges)
    law = None if unit is None else np.diff(gap_cdf(gap_shape(plan), edges - 1e-9)) * len(gaps)
    return PlannedGaps(edges, counts, int((gaps > high).sum()), law)


def plan_facts(plan: Plan) -> dict[str, Any]:
    """The plan in numbers: requests, seconds, rates in requests/s, and the CV and Kolmogorov distance of its gaps
    beside those of the law. A figure that the plan does not have is None."""
    rate = planned_rate(plan)
    unit = operational(plan)
    found = None
    if unit is not None:
        found = gap_statistics(np.rint(unit * NS).astype(np.int64), shape=gap_shape(plan), rate_rps=1.0)
    peak = math.inf if plan.law is None else plan.law.peak_rate
    end_s = float(plan.offsets_ns[-1]) / NS
    per_second = np.bincount(np.minimum(plan.offsets_ns // NS, max(math.ceil(end_s) - 1, 0)))
    return {
        "law": plan.law_name,
        "requests": len(plan.offsets_ns),
        "ends_s": end_s,
        "mean_rps": len(plan.offsets_ns) / end_s if end_s > 0 else None,
        "most_in_a_second": int(per_second.max()),
        "law_peak_rps": None if math.isinf(peak) else peak,
        "bin_s": rate.width_s,
        "gap_cv": None if found is None else found.cv,
        "law_gap_cv": None if found is None else 1 / math.sqrt(gap_shape(plan)),
        "gap_ks": None if found is None else found.ks,
        "gap_ks_limit": None if found is None else found.ks_limit,
        "fingerprint": plan.fingerprint,
    }
