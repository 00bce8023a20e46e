"""The block `client`: the client's own delays, its share of the CPU, the bounds of its stamps."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

import numpy as np

from aisbench.analysis.blocks.roofline import Roofline, roofline_block
from aisbench.analysis.contract.keys import Between, Bytes, Count, Ms, PassableShare, Share
from aisbench.analysis.measured import Measured
from aisbench.analysis.sending import ScheduleLag
from aisbench.analysis.statistics.figures import Figures, describe, describe_histogram_ms
from aisbench.analysis.verdict import thresholds
from aisbench.records.run import Run

# The reader's pause between drains where a run could not say it: the engine's default.
_DEFAULT_REST_NS = 1_000_000
# Up to this share of unstamped reads the clock still counts as the kernel's.
_UNSTAMPED_HARMLESS = 0.01
# A window of so many gaps (their p99) is no server's pause between tokens: the reader was stopped.
_STOPPED_GAPS = 3


def stamped_share(run: Run) -> float | None:
    """The share of reads that carried a kernel stamp; None when nothing was received."""
    reads = sum(int(worker.get("reads") or 0) for worker in run.workers)
    if reads > 0:
        return sum(int(worker.get("reads_stamped") or 0) for worker in run.workers) / reads
    # The workers' figures are lost. User stamps are taken when the bytes are seen: no delay at all.
    delay = run.histograms["client_delay"]
    return None if delay.count == 0 else float(delay.max_ns > 0)


def clock_of(run: Run) -> Literal["kernel", "user", "mixed", "unknown"]:
    """kernel, user or mixed: who stamped the received bytes. unknown when nothing was received."""
    share = stamped_share(run)
    if share is None:
        return "unknown"
    if share == 0:
        return "user"
    return "kernel" if share >= 1 - _UNSTAMPED_HARMLESS else "mixed"


def _rest_ns_of(run: Run) -> int:
    rests = [int(worker["rest_ns"]) for worker in run.workers if worker.get("rest_ns") is not None]
    return max(rests, default=_DEFAULT_REST_NS)


def shares(run: Run, field: str) -> list[float | None]:
    """Per worker its `field` (ns) over its wall time; None where a figure is missing."""
    found: list[float | None] = []
    for worker in run.workers:
        wall, value = worker.get("wall_ns"), worker.get(field)
        found.append(value / wall if wall and value is not None else None)
    return found


def ttft_bounds_ms(run: Run) -> list[float] | None:
    """[low, high] of the mean TTFT over the succeeded requests, in ms; None when there are none.

    Low: from the send call's return to the earliest moment the first token can have come (not below
    0); high: from just before the send to the stamp. The true mean lies between them.
    """
    rows = run.selected(run.has_status("ok"))
    if len(rows) == 0:
        return None
    low = np.maximum(rows["first_token_low_ns"] - rows["send_returned_ns"], 0)
    high = rows["first_token_ns"] - rows["sent_ns"]
    return [float(low.mean()) / 1e6, float(high.mean()) / 1e6]


def late_merge_share(measured: Measured) -> float:
    """The share of token gaps blurred because the reader came back late.

    A merged read whose window (time since the socket was known empty) exceeds twice the reader's own
    rest plus 0.5 ms was late; such reads' merged events, over all gaps. A prompt reader's windows may be as long
    while nothing comes: what it reads together was written together, by a server that sends several tokens at once.
    But no pause of a server lasts for several of its own gaps, so that beyond those the reader was stopped, however
    few of its reads that were. There the window holds as many events as mean gaps.
    """
    run, itl = measured.run, measured.itl
    rows = run.selected(measured.ok)
    merged_reads, merged = int(run.rows["merged_reads"].sum()), int(rows["merged_events"].sum())
    if itl.count == 0 or merged_reads == 0:
        return 0.0
    rest_ns, windows = _rest_ns_of(run), run.histograms["merge_window"]
    late_ns = 2 * rest_ns + 500_000
    stopped_ns = windows.sum_above(max(late_ns, _STOPPED_GAPS * itl.percentiles_ns([99])[0]))
    blurred = min(float(merged), stopped_ns / itl.mean_ns) if itl.mean_ns > 0 else 0.0
    delay_ns = run.histograms["client_delay"].percentiles_ns([99])[0]
    if delay_ns > rest_ns + 1e6 * thresholds.LATE_BEYOND_REST_MS:
        blurred = max(blurred, windows.count_above(late_ns) / merged_reads * merged)
    return min(1.0, blurred / itl.count)


class MeanAndTail(TypedDict):
    """Two figures of a latency."""

    mean: Ms | None
    p99: Ms | None


class ClientBlock(TypedDict):
    """The client itself: its delays, its share of the CPU, the bounds of its stamps. Lists have one element a worker."""

    schedule_lag_ms: Annotated[
        ScheduleLag | None, "ms from the planned time to the send; null in a closed loop"
    ]
    client_delay_ms: Annotated[Figures, "ms from the arrival of bytes to when they were seen, of every read"]
    ttft_bounds_ms: Annotated[
        Between | None, "low and high bound of the mean TTFT; null where no request succeeded"
    ]
    ttft_user_ms: Annotated[MeanAndTail, "TTFT by when this program saw the bytes"]
    stamped_share: Annotated[
        Share | None, "of the reads, those with a kernel stamp; null where nothing was received"
    ]
    roofline: Annotated[
        Roofline | None, "null where no selfcheck was made on this host, or where it does not apply"
    ]
    cpu_share: Annotated[list[PassableShare | None], "CPU time over wall time"]
    runqueue_wait_share: Annotated[
        list[PassableShare | None], "time that it was ready to run and had no CPU, over wall time"
    ]
    events_per_read: Annotated[float, "how many events a read held on average"]
    merged_reads: Annotated[Count, "reads with several token events"]
    merged_events: Annotated[Count, "token events that came in these"]
    late_merge_share: Annotated[
        Share, "of the token gaps, those that are blurred because the reader came back late"
    ]
    reader_rest_ms: Annotated[Ms, "the reader's pause between two looks at its sockets"]
    reused_connections: Annotated[Count, "requests on a connection that had served before"]
    stale_retries: Annotated[Count, "requests sent again since the server had closed the idle connection"]
    clock_steps: Annotated[Count, "how often the system clock was set during the run"]
    largest_clock_step_ms: Annotated[Ms, "by how much, at most"]
    peak_rss_bytes: Annotated[list[Bytes | None], "the most memory that was resident"]


def client_block(measured: Measured, lag: ScheduleLag | None) -> ClientBlock:
    """summary.json's `client`."""
    run = measured.run
    rows = run.selected(run.has_status("ok"))
    seen = (rows["first_token_seen_ns"] - rows["sent_ns"]) / 1e6
    reads = int(run.rows["reads"].sum())
    user = describe(seen)
    return {
        "schedule_lag_ms": lag,
        "client_delay_ms": describe_histogram_ms(run.histograms["client_delay"]),
        "ttft_bounds_ms": ttft_bounds_ms(run),
        "ttft_user_ms": {"mean": user["mean"], "p99": user["p99"]},
        "stamped_share": stamped_share(run),
        "roofline": roofline_block(run),
        "cpu_share": shares(run, "cpu_ns"),
        "runqueue_wait_share": shares(run, "runqueue_wait_ns"),
        "events_per_read": int(run.rows["events"].sum()) / reads if reads else 0.0,
        "merged_reads": int(run.rows["merged_reads"].sum()),
        "merged_events": int(run.rows["merged_events"].sum()),
        "late_merge_share": late_merge_share(measured),
        "reader_rest_ms": _rest_ns_of(run) / 1e6,
        "reused_connections": int(run.rows["reused"].sum()),
        "stale_retries": sum(int(worker.get("stale_retries") or 0) for worker in run.workers),
        "clock_steps": sum(int(worker.get("clock_steps") or 0) for worker in run.workers),
        "largest_clock_step_ms": max(
            (abs(int(worker.get("largest_clock_step_ns") or 0)) / 1e6 for worker in run.workers), default=0.0
        ),
        "peak_rss_bytes": [worker.get("peak_rss_bytes") for worker in run.workers],
    }
