"""The arrival plan of a rate that changes with time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.arrivals.drawn import LONGEST_S, MOST_REQUESTS, NS, arrival_offsets_ns
from aisbench.workload.arrivals.shapes import Burst, Shape


def shaped_offsets_ns(
    shape: Shape,
    count: int,
    *,
    burstiness: float,
    seed: int,
    generator: np.random.RandomState | None = None,
) -> NDArray[np.int64]:
    """Offsets from the start, ns, shape (count,), ascending: a process of unit rate in `shape`'s time.

    The last leaves when `count` are expected to have left. Raises BadInput where that is never.
    """
    if isinstance(shape, Burst):
        operational = np.arange(1.0, count + 1)
    else:
        unit_ns = arrival_offsets_ns(
            count, rate_rps=1.0, burstiness=burstiness, seed=seed, generator=generator
        )
        operational = np.minimum(unit_ns / NS, count)
    times_s = shape.times_s(operational)
    if count and not times_s[-1] <= LONGEST_S:
        raise BadInput(
            f"the rate ends at 0 before {count} requests have left; give a lower --num-requests, or --duration"
        )
    return np.rint(times_s * NS).astype(np.int64)


def shaped_within(shape: Shape, duration_s: float) -> int:
    """How many requests are expected to leave within `duration_s`; at least one."""
    expected = float(shape.expected(np.array(duration_s)))
    if expected > MOST_REQUESTS:
        raise BadInput(
            f"--duration {duration_s:g} s of this traffic is {expected:.3g} requests (at most {MOST_REQUESTS}); "
            "give a shorter one"
        )
    return max(1, math.floor(expected * (1 + 1e-12)))
