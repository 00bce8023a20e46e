"""Runs the batcher as fast as it goes, on a clock that only the model moves."""

from __future__ import annotations

from aisbench.simulator.model.batcher import Batcher, Sequence
from aisbench.simulator.model.parameters import Parameters


def token_times(
    parameters: Parameters, arrivals: list[tuple[int, Sequence]], until_ns: int | None = None
) -> dict[Sequence, list[int]]:
    """When each sequence got its tokens, in ns. `arrivals`: (ns, sequence), in order of time."""
    batcher: Batcher[Sequence] = Batcher(parameters)
    times: dict[Sequence, list[int]] = {sequence: [] for _, sequence in arrivals}
    coming = list(reversed(arrivals))
    now_ns = 0
    while coming or not batcher.is_idle:
        if until_ns is not None and now_ns > until_ns:
            break
        if batcher.is_idle:
            now_ns = max(now_ns, coming[-1][0])
        while coming and coming[-1][0] <= now_ns:
            batcher.submit(coming.pop()[1])
        now_ns += batcher.begin_step()
        for sequence in batcher.end_step():
            times[sequence].append(now_ns)
    return times
