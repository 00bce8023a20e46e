"""Keys that a result of `vllm bench serve` has only on request: queueing in the client, and probes."""

from __future__ import annotations

import math
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.keys import Ms, Requests
from aisbench.analysis.latencies import Latencies
from aisbench.records.run import Run


class ProbeKeys(TypedDict, total=False):
    """Figures of --probe-request-rate, if a probe succeeded."""

    probe_completed: Requests
    probe_failed: Requests
    probe_median_e2el_ms: Ms
    probe_p99_e2el_ms: Ms
    probe_max_e2el_ms: Ms


QUEUE_METRICS = ("client_queue_time", "e2el_including_client_queue")


def queue_metrics(run: Run, latencies: Latencies) -> dict[str, NDArray[np.float64]]:
    """Arrays in ms of the successful requests, by name: from the planned time to the send, and E2EL plus that wait.

    As in vLLM, the second is given only with both a rate and an in-flight limit: otherwise nothing waits in the client.
    """
    rows = run.selected(run.has_status("ok"))
    waited = (rows[run.sends_from] - rows["planned_ns"]) / 1e6
    found = {"client_queue_time": waited}
    if run.config.concurrency is not None and math.isfinite(run.config.rate_rps):
        found["e2el_including_client_queue"] = latencies["e2el"] + waited
    return found


def probe_keys(run: Run) -> ProbeKeys:
    """The figures of --probe-request-rate; empty unless a probe succeeded, as in vLLM."""
    probes = run.info.get("probes") or {}
    took_s = probes.get("took_s") or []
    if not took_s:
        return {}
    return {
        "probe_completed": len(took_s),
        "probe_failed": probes["failed"],
        "probe_median_e2el_ms": float(np.median(took_s)) * 1000,
        "probe_p99_e2el_ms": float(np.percentile(took_s, 99)) * 1000,
        "probe_max_e2el_ms": max(took_s) * 1000,
    }
