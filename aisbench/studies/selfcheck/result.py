"""The result of a selfcheck: each step beside the referee's true times, and the roofline of this host's client."""

from __future__ import annotations

from typing import Any

from aisbench.analysis.blocks.roofline import Cost, Load
from aisbench.analysis.series import NS
from aisbench.analysis.verdict.verdict import RANK
from aisbench.records.run import Run


def step_figures(title: str, run: Run, summary: dict[str, Any], truth: dict[str, Any]) -> dict[str, Any]:
    """One step: rates per second, and latencies in ms as [reported, true]. `truth`: the referee's own figures.

    The true TTFT begins at the kernel's stamp of the request and ends when the referee writes the first token.
    """
    metrics, lag = summary["metrics"], summary["client"]["schedule_lag_ms"]
    pairs = {
        f"{name}_{figure}_ms": [metrics[f"{name}_ms"][figure], truth[true][f"{figure}_ms"]]
        for name, true in (("ttft", "ttft_wire"), ("itl", "itl"))
        for figure in ("mean", "p99")
    }
    return {
        "title": title,
        "requests": truth["done"],
        "events_per_s": summary["output_throughput"],
        "requests_per_s": summary["request_throughput"],
        "cpu_share": summary["client"]["cpu_share"][0],
        **pairs,
        "own_lag_ms": None if lag is None else {"p99": lag["own_p99"], "max": lag["max"]},
        "verdict": summary["verdict"]["status"],
        "reasons": summary["verdict"]["reasons"],
    }


def selfcheck_result(
    steps: list[dict[str, Any]], *, decoding: Load, asking: Load, date: str
) -> dict[str, Any]:
    """The roofline and the steps.

    `decoding`: the load that was nearly all token events; `asking`: the one that was nearly all requests.
    """
    cost = Cost.between(decoding, asking)
    return {
        "date": date,
        "event_ns": cost.event_ns,
        "request_ns": cost.request_ns,
        "events_per_s_per_worker": NS / cost.event_ns,
        "requests_per_s_per_worker": NS / cost.request_ns,
        "verdict": max((step["verdict"] for step in steps), key=RANK.__getitem__),
        "steps": steps,
    }
