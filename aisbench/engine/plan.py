"""The arrival plan of a run, from its options."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.config.run_config import RunConfig
from aisbench.workload.arrivals.drawn import Ramp, arrival_offsets_ns, plan_fingerprint, requests_within
from aisbench.workload.arrivals.shaped import shaped_offsets_ns, shaped_within
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

# A run bounded by time alone uses this many bodies again and again.
BODIES_OF_TIMED_RUN = 1000
# In closed loop the first requests, one for each in-flight slot, leave this far apart. Sent at
# once they would queue in the server's socket, and that queue would be measured as their TTFT.
START_SPACING_NS = 100_000


@dataclass(frozen=True)
class Plan:
    """`limit` tickets (-1: as many as there is time for), due at `offsets_ns` from the common start.

    A ticket is a request, or a whole conversation; `requests` are to be sent in all (-1: as `limit`).
    """

    limit: int
    requests: int
    offsets_ns: NDArray[np.int64]
    ramp: Ramp | None
    is_trace: bool = False
    # The highest rate in it, requests/s; inf where nothing bounds it.
    peak_rps: float = math.inf

    @property
    def fingerprint(self) -> str:
        return plan_fingerprint(self.offsets_ns)


def ramp_of(config: RunConfig) -> Ramp | None:
    if config.ramp_up is None or config.ramp_from is None or config.ramp_to is None:
        return None
    return Ramp(config.ramp_up, config.ramp_from, config.ramp_to)


def workload_options(config: RunConfig, model: str) -> WorkloadOptions:
    """What the data set is told: of a run's options those that concern it. Raises BadInput for bad ones."""
    return WorkloadOptions.of(
        config,
        range_ratio=config.range_ratio,
        count=bodies_wanted(config),
        model=model,
        own_times=not config.sets_times,
        model_is_named=config.model is not None,
        stream=config.stream,
    )


def bodies_wanted(config: RunConfig) -> int | None:
    """How many bodies the data set is asked for; None: as it likes."""
    if config.num_requests is not None or config.duration_s is None or not config.is_open_loop:
        return config.num_requests
    count = count_within(config, config.duration_s)
    return count if count < BODIES_OF_TIMED_RUN else None


def make_plan(config: RunConfig, prompts: Prompts) -> Plan:
    """Draws the whole run's arrivals, before the first is due. `prompts` are made by now.

    A trace brings its own times, unless a rate (or --rate inf) is asked for. vLLM's client draws from a generator
    that some of its data sets have drawn from already; then that one's state goes on here.
    """
    talks = prompts.conversations
    tickets = prompts.count if talks is None else len(talks.first) - 1
    if prompts.arrivals_ns is not None and not config.sets_times:
        offsets = prompts.arrivals_ns if talks is None else prompts.arrivals_ns[talks.first[:-1]]
        return Plan(tickets, prompts.count, offsets, None, is_trace=True)
    if not config.is_open_loop:
        return closed_loop(config, tickets, prompts)
    ramp = ramp_of(config)
    count, requests = tickets, prompts.count
    if config.duration_s is not None and config.num_requests is None:
        count = count_within(config, config.duration_s)
        requests = count if talks is None else -1
    shape = config.traffic_shape()
    if shape is not None:
        offsets = shaped_offsets_ns(
            shape, count, burstiness=config.shape, seed=config.seed, generator=prompts.legacy_random
        )
        return Plan(count, requests, offsets, None, peak_rps=shape.peak_rps)
    offsets = arrival_offsets_ns(
        count,
        rate_rps=config.rate_rps,
        burstiness=config.shape,
        seed=config.seed,
        ramp=ramp,
        generator=prompts.legacy_random,
    )
    return Plan(count, requests, offsets, ramp, peak_rps=config.rate_rps if ramp is None else ramp.to_rps)


def plan_notes(config: RunConfig, plan: Plan) -> list[str]:
    """What the user should know about when requests leave."""
    if plan.is_trace and config.concurrency is not None:
        return [
            f"requests leave at the data set's own times, at most {config.concurrency} in flight; "
            "--rate inf replays it in closed loop"
        ]
    return []


def count_within(config: RunConfig, duration_s: float) -> int:
    shape = config.traffic_shape()
    if shape is not None:
        return shaped_within(shape, duration_s)
    return requests_within(duration_s, rate_rps=config.rate_rps, ramp=ramp_of(config))


def closed_loop(config: RunConfig, tickets: int, prompts: Prompts) -> Plan:
    bounded = config.num_requests is not None or config.duration_s is None
    spacing_ns = 0 if config.compat == "vllm" else START_SPACING_NS
    first = min(config.concurrency or 0, tickets)
    offsets = np.arange(first, dtype=np.int64) * spacing_ns
    return Plan(tickets, prompts.count, offsets, None) if bounded else Plan(-1, -1, offsets, None)
