"""The block `client`: the client's own delays, its CPU use, and the bounds of its time stamps."""

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

# The reader's pause between drains if the records lack it: the engine's default.
_DEFAULT_REST_NS = 1_000_000
# With at most this share of unstamped reads, the clock still counts as the kernel's.
_UNSTAMPED_HARMLESS = 0.01
# No server pauses for this many of its gaps (their p99): after a longer window, the reader was stopped.
_STOPPED_GAPS = 3


def stamped_share(run: Run) -> float | None:
    """The share of reads that carried a kernel stamp; None if nothing was received."""
    reads = sum(int(worker.get("reads") or 0) for worker in run.workers)
    if reads > 0:
        return sum(int(worker.get("reads_stamped") or 0) for worker in run.workers) / reads
    # The workers' figures are lost. User stamps are taken when the bytes are seen, so their delay is 0.
    delay = run.histograms["client_delay"]
    return None if delay.count == 0 else float(delay.max_ns > 0)


def clock_of(run: Run) -> Literal["kernel", "user", "mixed", "unknown"]:
    """Who stamped the received bytes; unknown if nothing was received."""
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
    """For each worker its `field` (ns) over its wall time; None if a figure is missing."""
    found: list[float | None] = []
    for worker in run.workers:
        wall, value = worker.get("wall_ns"), worker.get(field)
        found.append(value / wall if wall and value is not None else None)
    return found


def ttft_bounds_ms(run: Run) -> list[float] | None:
    """Bounds [low, high] of the mean TTFT of the successful requests, in ms; None if there are none.

    Low runs from the return of the send call to the earliest moment at which the first token can have arrived (at
    least 0), high from just before the send to the stamp. The true mean lies between them.
    """
    rows = run.selected(run.has_status("ok"))
    if len(rows) == 0:
        return None
    low = np.maximum(rows["first_token_low_ns"] - rows["send_returned_ns"], 0)
    high = rows["first_token_ns"] - rows["sent_ns"]
    return [float(low.mean()) / 1e6, float(high.mean()) / 1e6]


def late_merge_share(measured: Measured) -> float:
    """The share of token gaps that are blurred because the reader came back late, 0 to 1.

    A read's window is the time since its socket was known to be empty. A merged read is late if its window exceeds
    twice the reader's rest plus 0.5 ms; the events of late reads, over all gaps, are the share. This applies only if
    the client delay shows that the reader was late: a prompt reader may have such windows while nothing arrives, and
    the tokens that it reads together were then written together.

    No server pauses for several of its own gaps, so after a still longer window the reader was stopped, however few
    such reads there are. Such a window blurs as many events as it contains mean gaps.
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
    """The client's own delays, its CPU use, and the bounds of its time stamps. Lists have one element per worker."""

    schedule_lag_ms: Annotated[
        ScheduleLag | None, "ms from the planned time to the send; null in a closed loop"
    ]
    client_delay_ms: Annotated[
        Figures, "ms from the arrival of bytes to the moment the client saw them, of every read"
    ]
    ttft_bounds_ms: Annotated[
        Between | None, "low and high bound of the mean TTFT; null if no request succeeded"
    ]
    ttft_user_ms: Annotated[MeanAndTail, "TTFT by the moment the client saw the bytes"]
    stamped_share: Annotated[
        Share | None, "share of the reads that had a kernel stamp; null if nothing was received"
    ]
    roofline: Annotated[Roofline | None, "null if no selfcheck was made on this host, or it does not apply"]
    cpu_share: Annotated[list[PassableShare | None], "CPU time over wall time"]
    runqueue_wait_share: Annotated[
        list[PassableShare | None], "time in which it was ready to run but had no CPU, over wall time"
    ]
    events_per_read: Annotated[float, "mean number of events in a read"]
    merged_reads: Annotated[Count, "reads with several token events"]
    merged_events: Annotated[Count, "token events in those reads"]
    late_merge_share: Annotated[
        Share, "share of the token gaps that are blurred because the reader came back late"
    ]
    reader: Annotated[str | None, "epoll or io_uring, or both where hosts differ; null if not recorded"]
    io_uring_refused: Annotated[
        str | None, "why io_uring could not be used; null if it was, or was not wanted"
    ]
    reader_rest_ms: Annotated[Ms, "the reader's pause between two reads of its sockets"]
    reused_connections: Annotated[Count, "requests on a connection that had been used before"]
    stale_retries: Annotated[Count, "requests sent again because the server had closed the idle connection"]
    clock_steps: Annotated[Count, "how often the system clock was set during the run"]
    largest_clock_step_ms: Annotated[Ms, "the largest change"]
    peak_rss_bytes: Annotated[list[Bytes | None], "the most resident memory"]


def _told_by(run: Run, name: str) -> str | None:
    """What the workers say, each answer once; None if they say nothing."""
    return ", ".join(sorted({worker[name] for worker in run.workers if worker.get(name)})) or None


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
        "reader": _told_by(run, "reader"),
        "io_uring_refused": _told_by(run, "io_uring_refused"),
        "reader_rest_ms": _rest_ns_of(run) / 1e6,
        "reused_connections": int(run.rows["reused"].sum()),
        "stale_retries": sum(int(worker.get("stale_retries") or 0) for worker in run.workers),
        # Each worker sees all of them, or nearly so.
        "clock_steps": max((int(worker.get("clock_steps") or 0) for worker in run.workers), default=0),
        "largest_clock_step_ms": max(
            (abs(int(worker.get("largest_clock_step_ns") or 0)) / 1e6 for worker in run.workers), default=0.0
        ),
        "peak_rss_bytes": [worker.get("peak_rss_bytes") for worker in run.workers],
    }
