"""A server with continuous batching, a step at a time and without a socket: many searches in a second.

Its steps cost what the built-in simulator's do (aisbench/simulator/model/batcher.py), and `crowding_us` more for each
pair of sequences, so that a full batch gets less done than a smaller one.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.backlog import Flow
from aisbench.analysis.progress import Progress
from aisbench.studies.saturation.step import Sample

Floats = NDArray[np.float64]

# Most prompt and output tokens of one step.
BUDGET = 8192


@dataclass(frozen=True)
class BatchServer:
    slots: int
    prompt: int
    output: int
    base_ms: float = 8.0
    per_seq_us: float = 20.0
    prefill_us_per_token: float = 10.0
    crowding_us: float = 0.0

    def step_s(self, batch: float, begun: float) -> float:
        prefill_us = begun * self.prompt * self.prefill_us_per_token
        return self.base_ms / 1e3 + (batch * self.per_seq_us + batch**2 * self.crowding_us + prefill_us) / 1e6

    def throughput(self, batch: float) -> float:
        """Requests/s with always so many in it."""
        return batch / self.output / self.step_s(batch, batch / self.output)

    @property
    def most(self) -> float:
        return max(self.throughput(batch) for batch in range(1, self.slots + 1))

    def answers(self, due_s: Floats, until_s: float) -> tuple[Floats, Floats, Floats]:
        """When the first and the last token of each request come, infinite for those that do not by `until_s`; and when
        each step ends, in which all that are in it get a token."""
        firsts, ends = np.full(len(due_s), np.inf), np.full(len(due_s), np.inf)
        now, came, begun, active, step = 0.0, 0, 0, 0, 0
        running: list[tuple[int, int]] = []
        steps = [0.0]
        while now < until_s and (active or came < len(due_s) or begun < came):
            if not active and begun == came:
                now = max(now, float(due_s[came]))
            while came < len(due_s) and due_s[came] <= now:
                came += 1
            before, tokens = begun, active + self.prompt
            while begun < came and active < self.slots and tokens <= BUDGET:
                heapq.heappush(running, (step + self.output, begun))
                begun, active, tokens = begun + 1, active + 1, tokens + self.prompt
            now, step = now + self.step_s(active, begun - before), step + 1
            firsts[before:begun] = now
            steps.append(now)
            while running and running[0][0] <= step:
                ends[heapq.heappop(running)[1]] = now
                active -= 1
        return firsts, ends, np.array(steps)

    def sample(self, rate: float, seconds: float, generator: np.random.Generator) -> Sample:
        """What a step shows in its second half: Poisson arrivals, `rate` x `seconds` of them as in a plan."""
        count = round(rate * seconds)
        seconds = count / rate
        due_s = np.cumsum(generator.exponential(1.0, count))
        due_s *= seconds / due_s[-1]
        firsts_s, ends_s, steps_s = self.answers(due_s, 2 * seconds)
        inside = due_s >= seconds / 2
        e2el_ms = 1e3 * (ends_s - due_s)[inside]
        done = np.isfinite(ends_s)
        from_s, to_s = firsts_s[done], ends_s[done]
        # Of those under way at the end of the step, the tokens they had by then.
        first, last, now = (np.searchsorted(steps_s, moments) for moments in (from_s, to_s, seconds))
        share = np.where(from_s < seconds, np.clip((now - first) / np.maximum(last - first, 1), 0, 1), 1.0)
        to_s = np.where(from_s < seconds, np.minimum(to_s, seconds), to_s)
        progress = Progress((1e9 * from_s).astype(np.int64), (1e9 * to_s).astype(np.int64), share)
        return Sample(
            seconds=seconds / 2,
            latencies=dict.fromkeys(("ttft", "tpot", "e2el"), e2el_ms),
            due=int(inside.sum()),
            failed=0,
            good=0,
            completed=int(((ends_s >= seconds / 2) & (ends_s < seconds)).sum()),
            output_tokens=0,
            in_flight_mean=rate * float(np.minimum(e2el_ms / 1e3, seconds).mean()),
            flow=Flow.within(
                (due_s * 1e9).astype(np.int64), progress, int(seconds / 2 * 1e9), int(seconds * 1e9)
            ),
        )
