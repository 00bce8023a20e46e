"""Output tokens over time, from token events, which the core counts per 10 ms and which may carry several tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.analysis.tokens import TokenCounts
from aisbench.records.run import Run

_SECOND_NS = 1_000_000_000
Floats = NDArray[np.float64]


def token_flow(run: Run, tokens: TokenCounts) -> Floats:
    """`run.flow` in tokens. Each event counts as the mean number of tokens per event in the same second, with an
    answer's tokens and events spread evenly from its first to its last. If no request succeeded, it counts as one."""
    ok = run.has_status("ok")
    events, output = run.rows["content_events"][ok].astype(float), tokens.output[ok].astype(float)
    if not run.streams or np.array_equal(events, output) or not events.any():
        return run.flow.astype(float)
    per_second = _SECOND_NS // FLOW_BUCKET_NS
    seconds = max(1, -(-len(run.flow) // per_second))
    edges = np.arange(seconds + 1) * _SECOND_NS
    first, last = (run.rows[name][ok] - run.start_ns for name in ("first_token_ns", "last_token_ns"))
    came, tokens_came = (spread(first, last, of, edges) for of in (events, output))
    factor = np.full(seconds, float(output.sum() / events.sum()))
    np.divide(tokens_came, came, out=factor, where=came > 0)
    by_bucket: NDArray[np.float64] = run.flow * np.repeat(factor, per_second)[: len(run.flow)]
    return by_bucket


def spread(
    first_ns: NDArray[np.int64], last_ns: NDArray[np.int64], amount: Floats, edges_ns: NDArray[np.int64]
) -> Floats:
    """How much of all amounts lies between neighbouring edges, each spread evenly from its first to its last moment."""
    at_once = last_ns <= first_ns
    inside = np.histogram(first_ns[at_once], edges_ns, weights=amount[at_once])[0]
    begin, end = first_ns[~at_once], last_ns[~at_once]
    rate = amount[~at_once] / (end - begin)
    return np.asarray(inside + np.diff(_ramps(begin, rate, edges_ns) - _ramps(end, rate, edges_ns)))


def _ramps(begin_ns: NDArray[np.int64], rate: Floats, at_ns: NDArray[np.int64]) -> Floats:
    """At each of `at_ns`, the sum of ramps that grow at `rate` from `begin_ns` on."""
    order = np.argsort(begin_ns)
    begin, rate = begin_ns[order].astype(float), rate[order]
    rates = np.concatenate([[0.0], np.cumsum(rate)])
    areas = np.concatenate([[0.0], np.cumsum(rate * begin)])
    index = np.searchsorted(begin, at_ns)
    return np.asarray(rates[index] * at_ns - areas[index])
