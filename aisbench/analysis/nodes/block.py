"""The block `nodes`: what each node of a cluster sent, how late, and how far its clock can be trusted."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from aisbench.analysis.blocks.groups import LATENCIES, PartFigures, figures, latencies
from aisbench.analysis.contract.keys import Count, Ms, Requests, Unit, more_keys, with_keys
from aisbench.analysis.measured import Measured
from aisbench.records.run import Run


@more_keys(LATENCIES)
class NodeFigures(PartFigures):
    """One node of a run on a cluster. Its times in the records are already on the head's clock."""

    node: Annotated[Count, "counted from 0"]
    host: Annotated[str, "its name"]
    cpus: Annotated[Count, "that it may use"]
    workers: Count
    planned: Annotated[
        Requests | None, "its part of the plan: requests, or conversations; null if only time bounds the run"
    ]
    lag_p99_ms: Annotated[
        Ms | None,
        "p99 of how late its requests left, without waits for the in-flight limit; null if it sent none",
    ]
    clock_offset_ms: Annotated[Ms, "how far its clock was ahead of the head's at the start"]
    clock_error_ms: Annotated[Ms, "the largest error of that during the run"]
    clock_drift_ppm: Annotated[
        float, Unit("ppm"), "how much faster its clock ran; 0 unless that was measurable"
    ]
    lost: Annotated[str | None, "why the node was lost; null if it was not"]


def nodes_block(measured: Measured) -> list[NodeFigures] | None:
    """One entry for each node; None for a run on one host."""
    run = measured.run
    told = run.info.get("nodes")
    if not told:
        return None
    sent = run.rows["sent_ns"] > 0
    lag_of = np.full(len(run.rows), np.nan)
    lag_of[sent] = measured.sending.own_lag_ms
    return [_one_node(measured, one, lag_of) for one in told]


def node_of_rows(run: Run, one: dict[str, Any]) -> np.ndarray:
    """Mask of the rows of a node, by what run.json says of it."""
    first = int(one["first_worker"])
    found: np.ndarray = (run.row_workers >= first) & (run.row_workers < first + int(one["workers"]))
    return found


def _one_node(measured: Measured, one: dict[str, Any], lag_of: np.ndarray) -> NodeFigures:
    mask = node_of_rows(measured.run, one)
    lag = lag_of[mask & ~np.isnan(lag_of)]
    block: NodeFigures = {
        "node": int(one["node"]),
        "host": str(one["host"]),
        "cpus": int(one["cpus"]),
        "workers": int(one["workers"]),
        "planned": int(one["tickets"]) if one["tickets"] >= 0 else None,
        **figures(measured, mask),
        "lag_p99_ms": float(np.percentile(lag, 99)) if len(lag) else None,
        "clock_offset_ms": one["clock_offset_ns"] / 1e6,
        "clock_error_ms": one["clock_error_ns"] / 1e6,
        "clock_drift_ppm": one["clock_drift"] * 1e6,
        "lost": one["lost"],
    }
    return with_keys(block, latencies(measured, mask))
