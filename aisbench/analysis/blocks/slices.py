"""The block `slices`: the same figures for each slice of time, which show whether a long run stayed steady."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.analysis.contract.keys import (
    MeanInFlight,
    MoreKeys,
    Ms,
    RequestRate,
    Requests,
    Seconds,
    TokenRate,
    more_keys,
)
from aisbench.analysis.measured import Measured
from aisbench.analysis.series import flow_within
from aisbench.metrics import METRICS
from aisbench.records.run import Run


@more_keys(
    MoreKeys(
        f"^(mean|p50|p99)_({'|'.join(metric.key for metric in METRICS if not metric.pooled)})$",
        Ms | None,
        "latencies in ms of the requests that were completed in it; null if there were none",
    )
)
class Slice(TypedDict):
    """What happened in one slice of the run."""

    begin_s: Annotated[Seconds, "since the start"]
    end_s: Annotated[Seconds, "since the start; the last slice ends with the run"]
    sent: Annotated[Requests, "that were sent in it"]
    completed: Annotated[Requests, "that succeeded in it"]
    failed: Annotated[Requests, "that failed in it"]
    request_throughput: Annotated[RequestRate, "completed requests"]
    output_throughput: Annotated[TokenRate, "of the tokens that arrived in it"]
    in_flight_mean: MeanInFlight
    in_flight_max: Requests
    errors: Annotated[dict[str, Requests], "failed requests by kind, without kinds that did not occur"]


class SlicesBlock(TypedDict):
    """The same figures for each slice of a long run, or of a run with --slice."""

    width_s: Annotated[Seconds, "length of a slice"]
    slices: list[Slice]


# Without --slice, runs of five minutes and more are sliced: into minutes, or longer slices if those are too many.
_UNASKED_FROM_S = 300
_UNASKED_WIDTHS_S = (60, 120, 300, 600, 1200, 1800, 3600)
_UNASKED_MOST = 240


def width_ns(run: Run) -> int | None:
    """The length of a slice, ns: by --slice, or a round one for a long run. None if the run is not sliced."""
    asked = run.config.slice_s
    if asked:
        return int(asked * 1e9)
    seconds = run.duration_ns / 1e9
    if seconds < _UNASKED_FROM_S:
        return None
    few = [width for width in _UNASKED_WIDTHS_S if width * _UNASKED_MOST >= seconds]
    return int((few or _UNASKED_WIDTHS_S[-1:])[0] * 1e9)


def slices_block(measured: Measured) -> SlicesBlock | None:
    """summary.json's `slices`: {"width_s", "slices": [...]}; None if the run is not sliced.

    A slice counts what happened in it: the requests sent in it, and those that ended in it, with their latencies.
    The last slice ends with the run. Output tokens are token events times the run's mean number of tokens per event.
    """
    run, in_flight = measured.run, measured.in_flight
    width = width_ns(run)
    if width is None or run.duration_ns <= 0:
        return None
    edges = np.append(np.arange(0, run.duration_ns, width), run.duration_ns)
    sent = run.rows["sent_ns"][run.rows["sent_ns"] > 0]
    done_ns = run.rows["done_ns"][measured.ok] - run.start_ns
    ended = _Parts.of(done_ns, edges)
    seconds = np.diff(edges) / 1e9
    to_the_last = np.append(edges[:-1], max(int(edges[-1]), len(run.flow) * FLOW_BUCKET_NS))
    flowed = flow_within(run, to_the_last) * measured.tokens.per_event(run)
    columns: dict[str, Any] = {
        "begin_s": edges[:-1] / 1e9,
        "end_s": edges[1:] / 1e9,
        "sent": np.diff(_Parts.of(sent - run.start_ns, edges).cuts),
        "completed": np.diff(ended.cuts),
        "failed": np.zeros(len(seconds), np.int64),
        "request_throughput": np.diff(ended.cuts) / seconds,
        "output_throughput": flowed / seconds,
        "in_flight_mean": in_flight.means(edges.astype(float)),
        "in_flight_max": in_flight.peaks(edges),
    }
    for metric in measured.request_metrics:
        values = measured.latencies[metric.name]
        known = ~np.isnan(values)
        parts = ended if known.all() else _Parts.of(done_ns[known], edges)
        columns |= parts.figures(metric.name, values[known])
    kinds = {
        kind: np.diff(_Parts.of(rows["done_ns"] - run.start_ns, edges).cuts)
        for kind, rows in measured.failures.items()
    }
    columns["failed"] = sum(kinds.values(), columns["failed"])
    slices = [
        cast(
            Slice,
            {name: plain(values[i]) for name, values in columns.items()}
            | {"errors": {kind: int(counts[i]) for kind, counts in kinds.items() if counts[i]}},
        )
        for i in range(len(seconds))
    ]
    return {"width_s": width / 1e9, "slices": slices}


@dataclass(frozen=True)
class _Parts:
    """Moments sorted by `order`, and where slices begin: slice i has `cuts[i]` to `cuts[i + 1]`."""

    order: NDArray[np.int64]
    cuts: NDArray[np.int64]

    @staticmethod
    def of(moments_ns: NDArray[np.int64], edges_ns: NDArray[np.int64]) -> _Parts:
        """Sorts moments into slices. Those beyond the edges go into the first and the last slice."""
        order = np.argsort(moments_ns, kind="stable")
        cuts = np.searchsorted(moments_ns[order], edges_ns)
        cuts[0], cuts[-1] = 0, len(order)
        return _Parts(order, cuts)

    def figures(self, name: str, values_ms: NDArray[np.float64]) -> dict[str, list[float | None]]:
        """Mean, median and p99 of each slice's values. `values_ms`: in the original order of the moments."""
        values = values_ms[self.order]
        parts = [values[begin:end] for begin, end in zip(self.cuts[:-1], self.cuts[1:], strict=True)]
        return {
            f"mean_{name}_ms": [float(part.mean()) if len(part) else None for part in parts],
            f"p50_{name}_ms": [float(np.percentile(part, 50)) if len(part) else None for part in parts],
            f"p99_{name}_ms": [float(np.percentile(part, 99)) if len(part) else None for part in parts],
        }


def plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
