"""The thresholds of the verdict, each with its reason. Reports show both.

A value above `doubtful` makes the verdict doubtful, and above `invalid` invalid. With `below`, smaller values are the
bad ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Threshold:
    """`why`: the reason for the bounds, for the report. `invalid`: None where no value alone makes a run invalid."""

    name: str
    unit: str
    doubtful: float
    invalid: float | None
    why: str
    below: bool = False

    def status(self, value: float) -> Literal["valid", "doubtful", "invalid"]:
        """The status of a run with this value."""
        if self.invalid is not None and self.passes(value, self.invalid):
            return "invalid"
        return "doubtful" if self.passes(value, self.doubtful) else "valid"

    def passes(self, value: float, bound: float) -> bool:
        return value < bound if self.below else value > bound


SCHEDULE_LAG = Threshold(
    "schedule lag p99",
    "ms",
    5.0,
    100.0,
    "A server batches in steps of 5 to 50 ms: a request that is less than a step late usually joins the same batch. "
    "Time spent waiting for the in-flight limit is not counted here.",
)
RATE_SHORTFALL = Threshold(
    "sent rate against plan",
    "%",
    1.0,
    5.0,
    "Near saturation, a load that is off by 1 % changes the figures by more than their own spread.",
)
GAP_CV = Threshold(
    "CV of sent gaps against plan",
    "",
    0.1,
    0.3,
    "Queueing grows with the variance of the gaps: a CV off by 0.1 changes waiting times by about 10 %.",
)
# No server notices gaps that are off by less than this, however small the gaps are.
GAP_CV_MATTERS_FROM_LAG_MS = 1.0
# The spread of fewer gaps than this is not known well enough.
GAP_CV_MATTERS_FROM_COUNT = 100
DROPPED = Threshold(
    "requests dropped as late",
    "%",
    1.0,
    5.0,
    "Dropped requests take load off the server just when it is busiest.",
)
IN_FLIGHT_HELD = Threshold(
    "mean in flight against limit",
    "%",
    95.0,
    80.0,
    "In a closed loop the limit is the load. Below it, the client did not replace finished requests fast enough.",
    below=True,
)
PREFIX_HITS = Threshold(
    "prefix cache hits that the workload does not explain",
    "% of the prompt tokens",
    5.0,
    None,
    "Prompt tokens from the cache are not computed, so TTFT is shorter than for users whose prompts are new.",
)
# Fewer hits per request than this may be a common beginning too short to show in the workload's share.
PREFIX_HITS_MATTER_FROM_TOKENS = 8
# A chat template adds at most about this many tokens to a prompt.
MOST_TEMPLATE_TOKENS = 256
TTFT_BOUNDS = Threshold(
    "width of mean TTFT's bounds",
    "% of the mean",
    2.0,
    10.0,
    "The true mean may lie anywhere between the bounds: the kernel keeps one stamp for everything that waits "
    "in a socket.",
)
# Bounds closer than this do not matter, even if they are a large share of a very small TTFT.
TTFT_BOUNDS_MATTER_FROM_MS = 0.5
LATE_MERGES = Threshold(
    "token gaps blurred by a late reader",
    "%",
    1.0,
    20.0,
    "Above 1 % of the gaps, the p99 of ITL is the client's doing. The mean stays right, because the sum of the gaps "
    "does.",
)
# A reader that sees bytes within its rest plus this is prompt. Tokens that it reads together were written
# together, by a server that sends several at once.
LATE_BEYOND_REST_MS = 1.0
CPU_SHARE = Threshold(
    "CPU share of a worker",
    "%",
    85.0,
    97.0,
    "A worker near 100 % of its CPU delays events itself, and measures its own queue. Use more --workers.",
)
ROOFLINE = Threshold(
    "share of the client's roofline",
    "% in the busiest second",
    80.0,
    None,
    "Near the largest load that `aisbench selfcheck` found for this host, a burst makes a queue in the client. "
    "Use more --workers or another host.",
)
RUNQUEUE_WAIT = Threshold(
    "a worker's waiting for a CPU",
    "% of time",
    10.0,
    30.0,
    "A worker that waits for a CPU neither sends nor reads, because other programs use its cores. The effect of short "
    "waits shows in lag, bounds and merged reads; above this share, even those cannot be trusted.",
)
PAUSE = Threshold(
    "longest pause of a worker",
    "ms",
    1000.0,
    None,
    "While a worker stands still (stopped, swapped out, on a suspended host) it sends nothing, so the load has a hole that "
    "percentiles over the whole run may not show.",
)
STEAL = Threshold(
    "CPU time stolen by the host",
    "% of time",
    5.0,
    20.0,
    "While the hypervisor ran other guests, programs on this host stood still. A few per cent are usual on shared "
    "hosts; their effect shows in lag, bounds and merged reads.",
)
THROTTLED = Threshold(
    "CPU time throttled (cgroup)",
    "% of time",
    1.0,
    10.0,
    "A CPU quota stops the client for tens of ms at a time.",
)
CLIENT_DELAY = Threshold(
    "client delay p99",
    "ms",
    5.0,
    None,
    "With kernel stamps, a delay shorter than ITL changes no figure; a longer one makes reads merge tokens. "
    "The bound is 5 ms or the median ITL, whichever is larger.",
)
UNSTAMPED = Threshold(
    "reads without a kernel stamp",
    "%",
    1.0,
    None,
    "Such reads are timed when the client saw them, not when they arrived.",
)
NODE_CLOCKS = Threshold(
    "error of the nodes' clocks",
    "ms",
    5.0,
    100.0,
    "Each node measures latencies by its own clock, so these stay right. But the nodes begin, and requests are laid beside "
    "each other, only as exactly as their clocks are known: arrivals are as regular as planned only within this error.",
)
CLOCK_STEP = Threshold(
    "largest step of the system clock",
    "ms",
    1.0,
    100.0,
    "Kernel stamps use the system clock, so a step shifts those taken before the client notices it.",
)
ERRORS = Threshold(
    "failed requests",
    "%",
    1.0,
    20.0,
    "Latencies cover only the requests that succeeded; the failed ones may have been the slow ones.",
)
CUT_OFF = Threshold(
    "requests cut off at the end",
    "%",
    1.0,
    20.0,
    "Requests in flight when a run is stopped are not in the figures, and long ones are the most likely to be cut off.",
)
OUTPUT_LENGTHS = Threshold(
    "outputs of another length than asked",
    "% of requests",
    5.0,
    None,
    "Shorter or longer answers are a different load: throughput and latency cannot be compared with those of a server "
    "that returns the requested lengths.",
)
INPUT_LENGTHS = Threshold(
    "inputs of another length than asked",
    "% of requests",
    5.0,
    None,
    "If the server counts more or fewer prompt tokens than requested, latency and throughput are those of a different "
    "load.",
)
# With fewer successful requests, p99 is close to the maximum.
P99_NEEDS = 100

ALL = (
    SCHEDULE_LAG,
    RATE_SHORTFALL,
    GAP_CV,
    DROPPED,
    IN_FLIGHT_HELD,
    TTFT_BOUNDS,
    LATE_MERGES,
    CPU_SHARE,
    ROOFLINE,
    RUNQUEUE_WAIT,
    PAUSE,
    STEAL,
    THROTTLED,
    CLIENT_DELAY,
    UNSTAMPED,
    NODE_CLOCKS,
    CLOCK_STEP,
    ERRORS,
    CUT_OFF,
    OUTPUT_LENGTHS,
    INPUT_LENGTHS,
)
