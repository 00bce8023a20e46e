"""The thresholds of the verdict, each with its reason. Reports show them.

A value above `doubtful` makes the verdict doubtful, above `invalid` invalid; `below` turns that round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Threshold:
    """`why` is one sentence for the report; an `invalid` of None means: no value alone is that bad."""

    name: str
    unit: str
    doubtful: float
    invalid: float | None
    why: str
    below: bool = False

    def status(self, value: float) -> Literal["valid", "doubtful", "invalid"]:
        """valid, doubtful or invalid."""
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
    "A server batches in steps of 5 to 50 ms: arrivals moved by less than a step meet the same batches. "
    "Time spent waiting for the in-flight limit is not counted here.",
)
RATE_SHORTFALL = Threshold(
    "sent rate against plan",
    "%",
    1.0,
    5.0,
    "A load that is off by 1 % moves a server near saturation by more than the figures' own spread.",
)
GAP_CV = Threshold(
    "CV of sent gaps against plan",
    "",
    0.1,
    0.3,
    "Queueing grows with the variance of the gaps: a CV off by 0.1 changes waiting times by about 10 %.",
)
# Gaps moved by less than this are the same process to any server, however small the gaps are.
GAP_CV_MATTERS_FROM_LAG_MS = 1.0
# Fewer gaps than this say too little about their spread.
GAP_CV_MATTERS_FROM_COUNT = 100
DROPPED = Threshold(
    "requests dropped as late",
    "%",
    1.0,
    5.0,
    "Dropped requests are load that was asked for and not given, just when the server was busiest.",
)
IN_FLIGHT_HELD = Threshold(
    "mean in flight against limit",
    "%",
    95.0,
    80.0,
    "In closed loop the limit is the load: below it the client did not refill as fast as it could.",
    below=True,
)
PREFIX_HITS = Threshold(
    "prefix cache hits that the workload does not explain",
    "% of the prompt tokens",
    5.0,
    None,
    "Prompt tokens from the cache are not computed: TTFT is shorter than that of users whose prompts are new.",
)
# Fewer tokens a request than this are a common beginning that is too short to be seen in the workload.
PREFIX_HITS_MATTER_FROM_TOKENS = 8
# A chat template puts no more than about this before a prompt.
MOST_TEMPLATE_TOKENS = 256
TTFT_BOUNDS = Threshold(
    "width of mean TTFT's bounds",
    "% of it",
    2.0,
    10.0,
    "Between the bounds nothing is known: the kernel keeps one stamp for all that waits in a socket.",
)
# Bounds nearer than this are no matter, whatever share of a very small TTFT they are.
TTFT_BOUNDS_MATTER_FROM_MS = 0.5
LATE_MERGES = Threshold(
    "token gaps blurred by a late reader",
    "%",
    1.0,
    20.0,
    "Above 1 % of the gaps the ITL's p99 is the client's; its mean stays right (the gaps' sum is kept).",
)
# A reader that sees bytes within its own rest and this much is prompt: what it reads together was
# written together, by a server that sends several tokens at once.
LATE_BEYOND_REST_MS = 1.0
CPU_SHARE = Threshold(
    "CPU share of a worker",
    "%",
    85.0,
    97.0,
    "A worker near 100 % of its CPU queues events itself and measures its own queue; give more --workers.",
)
ROOFLINE = Threshold(
    "share of the client's roofline",
    "% in the busiest second",
    80.0,
    None,
    "Near what `aisbench selfcheck` found this host able to carry, the next burst makes a queue in the client; "
    "give it more --workers or another host.",
)
RUNQUEUE_WAIT = Threshold(
    "a worker's waiting for a CPU",
    "% of time",
    10.0,
    30.0,
    "While it waits for a CPU a worker neither sends nor reads: other programs share its cores. What a little "
    "of that did shows in lag, bounds and merged reads; above this share there is too much to trust them.",
)
STEAL = Threshold(
    "CPU time stolen by the host",
    "% of time",
    5.0,
    20.0,
    "The hypervisor ran others, and neither client nor server of this host ran. On shared hosts a few per cent "
    "are usual; what they did shows in lag, bounds and merged reads.",
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
    "With kernel stamps a delay below the ITL moves no figure (the kernel holds the time); above it, "
    "reads begin to merge tokens. The bound is 5 ms or the median ITL, whichever is larger.",
)
UNSTAMPED = Threshold(
    "reads without a kernel stamp",
    "%",
    1.0,
    None,
    "Such reads carry the time at which the client saw them, not that at which they came.",
)
CLOCK_STEP = Threshold(
    "largest step of the system clock",
    "ms",
    1.0,
    100.0,
    "Kernel stamps are on the wall clock: a step moves those taken between two looks at it.",
)
ERRORS = Threshold(
    "failed requests",
    "%",
    1.0,
    20.0,
    "Latencies are of the requests that succeeded; those that failed may have been the slow ones.",
)
CUT_OFF = Threshold(
    "requests cut off at the end",
    "%",
    1.0,
    20.0,
    "Requests in flight when a run is stopped are not in the figures, and long ones are cut off first.",
)
OUTPUT_LENGTHS = Threshold(
    "outputs of another length than asked",
    "% of requests",
    5.0,
    None,
    "Shorter or longer answers are another load: throughput and latency cannot be compared with those of a server that "
    "gives the asked ones.",
)
INPUT_LENGTHS = Threshold(
    "inputs of another length than asked",
    "% of requests",
    5.0,
    None,
    "Another number of prompt tokens than asked, by the server's count, is another load: latency and throughput are of that "
    "one.",
)
# Fewer succeeded requests than this, and p99 is hardly more than the maximum.
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
    STEAL,
    THROTTLED,
    CLIENT_DELAY,
    UNSTAMPED,
    CLOCK_STEP,
    ERRORS,
    CUT_OFF,
    OUTPUT_LENGTHS,
    INPUT_LENGTHS,
)
