"""The arrival plan of a run, from its options."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.engine.config import RunConfig
from aisbench.workload.arrivals import Ramp, arrival_offsets_ns, plan_fingerprint, requests_within

# How many bodies a run bounded by time alone has; slots beyond them use them again.
BODIES_OF_TIMED_RUN = 1000
DEFAULT_REQUESTS = 1000
# In closed loop the first requests, one for each in-flight slot, leave this far apart. Sent at
# once they would queue in the server's socket, and that queue would be measured as their TTFT.
START_SPACING_NS = 100_000


@dataclass(frozen=True)
class Plan:
    """`limit` slots (-1: as many as there is time for), due at `offsets_ns` from the common start."""

    limit: int
    bodies: int
    offsets_ns: NDArray[np.int64]
    ramp: Ramp | None

    @property
    def fingerprint(self) -> str:
        return plan_fingerprint(self.offsets_ns)


def make_plan(config: RunConfig) -> Plan:
    """Draws the whole run's arrivals, before the first is due."""
    ramp = None
    if config.ramp_up is not None and config.ramp_from is not None and config.ramp_to is not None:
        ramp = Ramp(config.ramp_up, config.ramp_from, config.ramp_to)
    count = config.num_requests
    if config.is_open_loop:
        if count is None and config.duration_s is not None:
            count = requests_within(config.duration_s, rate_rps=config.rate, ramp=ramp)
        count = count or DEFAULT_REQUESTS
        offsets = arrival_offsets_ns(
            count, rate_rps=config.rate, burstiness=config.shape, seed=config.seed, ramp=ramp
        )
        return Plan(count, min(count, max(BODIES_OF_TIMED_RUN, config.num_requests or 0)), offsets, ramp)
    if count is None and config.duration_s is None:
        count = DEFAULT_REQUESTS
    first = min(config.concurrency or 0, count if count is not None else math.inf)
    offsets = np.arange(int(first), dtype=np.int64) * START_SPACING_NS
    if count is None:
        return Plan(-1, BODIES_OF_TIMED_RUN, offsets, None)
    return Plan(count, count, offsets, None)
