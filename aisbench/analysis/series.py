"""Series of a run over time, thinned to what a page can draw. Thinning keeps the peaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.analysis.failures import failures_by_kind
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.sending import Sending
from aisbench.records.run import Run

MOST_POINTS = 2000
# About this many bins for rates, none shorter than 50 ms.
_WANTED_BINS = 300
_FINEST_BIN_NS = 50_000_000
NS = 1_000_000_000


@dataclass(frozen=True)
class Series:
    """Values `y` at times `t_s`, seconds since the start. `of`: the number of points before thinning, if thinned."""

    t_s: NDArray[np.float64]
    y: NDArray[np.float64]
    of: int | None = None


def bin_ns(duration_ns: int, most: int = _WANTED_BINS) -> int:
    """A round bin width in ns (1, 2 or 5 times a power of ten, from 50 ms) that gives at most `most` bins."""
    width = _FINEST_BIN_NS
    while width * most < duration_ns:
        mantissa = int(str(width)[0])
        width = width * 5 // 2 if mantissa == 2 else width * 2
    return width


def thinned(
    times: NDArray[Any], values: NDArray[Any], most: int = MOST_POINTS
) -> tuple[NDArray[Any], NDArray[Any]]:
    """At most `most` of the points: the first, lowest, highest and last of each stretch (M4, Jugel et al. 2014).
    Keeping the last makes a level that holds until the next stretch the right one. Both ends are kept."""
    if len(times) <= most:
        return times, values
    each = -(-len(times) // (most // 4))
    begins = np.arange(0, len(times), each)
    # The last stretch is padded with its last value.
    stretches = np.pad(values, (0, len(begins) * each - len(values)), "edge").reshape(-1, each)
    lowest, highest = begins + stretches.argmin(axis=1), begins + stretches.argmax(axis=1)
    index = np.unique(np.concatenate([begins, lowest, highest, begins[1:] - 1, [len(times) - 1]]))
    return times[index], values[index]


def in_flight_series(in_flight: InFlight) -> Series:
    """A step function up to the end of the run: each value holds until the next time."""
    # Of several changes at one instant only the last counts: no level was held in between.
    last = np.append(np.diff(in_flight.times_ns) > 0, True)
    total = int(last.sum())
    times, counts = thinned(in_flight.times_ns[last], in_flight.counts[last])
    of = total if len(times) < total else None
    times, counts = np.append(times, max(in_flight.end_ns, int(times[-1]))), np.append(counts, counts[-1])
    return Series(times / 1e9, counts.astype(float), of)


def bin_edges(duration_ns: int, width_ns: int) -> NDArray[np.int64]:
    """The edges of bins of `width_ns`, ns since the start; shape (bins + 1,). The last bin takes the remainder and is
    up to twice as wide: a separate one could be so short that a single batch of tokens makes a spike."""
    edges = np.arange(max(1, duration_ns // width_ns) + 1, dtype=np.int64) * width_ns
    edges[-1] = max(duration_ns, FLOW_BUCKET_NS)
    return edges


def per_second(moments_ns: NDArray[np.int64], duration_ns: int, width_ns: int) -> Series:
    """Events per second in each bin of `bin_edges`, at its start. Events beyond the ends count in the outer bins."""
    edges = bin_edges(duration_ns, width_ns)
    bins = len(edges) - 1
    return rates(np.bincount(np.clip(moments_ns // width_ns, 0, bins - 1), minlength=bins), edges)


def rates(counts: NDArray[Any], edges_ns: NDArray[np.int64]) -> Series:
    return Series(edges_ns[:-1] / 1e9, counts / np.diff(edges_ns) * 1e9)


def asked_rate_series(run: Run, sending: Sending, width_ns: int) -> Series | None:
    """Planned requests/s, with later turns when they came due; None in a closed loop."""
    if not run.is_open_loop:
        return None
    rows = run.rows[run.has_status("dropped")]
    planned = np.concatenate([sending.every_planned_ns, rows["planned_ns"] - run.start_ns])
    return per_second(planned, run.duration_ns, width_ns)


def token_series(run: Run, width_ns: int, flow: NDArray[Any] | None = None) -> Series:
    """Output tokens per second of all requests. `flow`: from token_flow, used instead of the token events."""
    flow = run.flow if flow is None else flow
    edges = bin_edges(run.duration_ns, width_ns)
    index = np.minimum(np.arange(len(flow)) * FLOW_BUCKET_NS // width_ns, len(edges) - 2)
    return rates(np.bincount(index, weights=flow, minlength=len(edges) - 1), edges)


def flow_within(run: Run, edges_ns: NDArray[Any]) -> NDArray[np.float64]:
    """Token events between neighbouring `edges_ns` (ascending), taken as even within each 10 ms of the count."""
    total = np.concatenate([[0.0], np.cumsum(run.flow)])
    return np.diff(np.interp(edges_ns, np.arange(len(total)) * FLOW_BUCKET_NS, total))


def error_series(run: Run, width_ns: int) -> dict[str, Series]:
    """Failures per second by kind."""
    return {
        kind: per_second(rows["done_ns"] - run.start_ns, run.duration_ns, width_ns)
        for kind, rows in failures_by_kind(run).items()
    }


def peak_per_second(counts_10ms: NDArray[Any]) -> float:
    """The largest sum in a whole second that starts at a multiple of 1 s since the start."""
    per_bin = NS // FLOW_BUCKET_NS
    padded = np.zeros(max(1, -(-len(counts_10ms) // per_bin)) * per_bin)
    padded[: len(counts_10ms)] = counts_10ms
    return float(padded.reshape(-1, per_bin).sum(axis=1).max())


def lag_series(run: Run, sending: Sending, width_ns: int) -> dict[str, Series] | None:
    """Schedule lag in ms by planned time: `p50`, `p99` and `max` in each stretch of `width_ns`, and `own_p99`, without
    the part that the in-flight limit caused. Stretches without requests are left out. None in a closed loop."""
    if not run.is_open_loop or len(sending.could_go_ns) == 0:
        return None
    planned_ns = run.rows["planned_ns"][run.rows["sent_ns"] > 0] - run.start_ns
    order = np.argsort(planned_ns, kind="stable")
    index = planned_ns[order] // width_ns
    begins = np.flatnonzero(np.diff(index, prepend=index[0] - 1))
    times = index[begins] * width_ns / 1e9
    lag, own = (np.split(values[order], begins[1:]) for values in (sending.lag_ms, sending.own_lag_ms))
    return {
        "p50": Series(times, np.array([np.percentile(part, 50) for part in lag])),
        "p99": Series(times, np.array([np.percentile(part, 99) for part in lag])),
        "max": Series(times, np.array([part.max() for part in lag])),
        "own_p99": Series(times, np.array([np.percentile(part, 99) for part in own])),
    }
