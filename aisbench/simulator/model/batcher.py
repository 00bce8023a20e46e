"""The model of continuous batching: which sequences share a step, and how long it takes. No I/O, no clock.

The server works in steps. At the beginning of a step it admits waiting requests, first come first served,
while there is a slot (`max_num_seqs`), room in the cache for prompt and longest output together
(`kv_tokens`), and something left of the step's token budget (`max_batched_tokens`, of which each decoding
sequence takes one). Prompts that do not fit the budget are prefilled over several steps.
At the end of the step every sequence whose prompt is complete has one more token. A step takes

    decode_base + decode_per_seq * tokens yielded
    + prefill_per_token * prompt tokens prefilled + prefill_fixed * requests admitted

times, with `jitter`, a log-normal factor of mean 1 and that standard deviation.
"""

from __future__ import annotations

import math
import random
from collections import deque
from typing import Generic, TypeVar

from aisbench.simulator.model.parameters import Parameters


class Sequence:
    """One request inside the server. `stop_at` is the token that ends it, at most `max_tokens`."""

    __slots__ = ("generated", "max_tokens", "prefilled", "prompt_tokens", "stop_at")

    def __init__(self, prompt_tokens: int, max_tokens: int, stop_at: int | None = None) -> None:
        self.prompt_tokens = prompt_tokens
        self.max_tokens = max_tokens
        self.stop_at = max_tokens if stop_at is None else stop_at
        self.prefilled = 0
        self.generated = 0

    @property
    def reserved_tokens(self) -> int:
        """The server does not know when a sequence will end, so it reserves for the longest output."""
        return self.prompt_tokens + self.max_tokens


S = TypeVar("S", bound=Sequence)


class Batcher(Generic[S]):
    """`begin_step` admits and plans, `end_step` gives out the tokens; between them time passes.

    `admitted` are the sequences that the last `begin_step` took from the queue.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.waiting: deque[S] = deque()
        self.prefilling: deque[S] = deque()
        self.decoding: list[S] = []
        self.admitted: list[S] = []
        self.kv_used = 0
        self.random = random.Random(f"{parameters.seed} jitter")

    @property
    def running(self) -> int:
        return len(self.prefilling) + len(self.decoding)

    @property
    def is_idle(self) -> bool:
        return not (self.waiting or self.prefilling or self.decoding)

    def submit(self, sequence: S) -> None:
        if sequence.reserved_tokens > self.parameters.kv_tokens:
            raise ValueError(f"{sequence.reserved_tokens} tokens can never fit the cache")
        self.waiting.append(sequence)

    def cancel(self, sequence: S) -> None:
        """Takes it out; its slot and its cache are free at once. Nothing happens if it has ended."""
        if sequence in self.waiting:
            self.waiting.remove(sequence)
        elif sequence in self.prefilling:
            self.prefilling.remove(sequence)
            self.kv_used -= sequence.reserved_tokens
        elif sequence in self.decoding:
            self.decoding.remove(sequence)
            self.kv_used -= sequence.reserved_tokens

    def begin_step(self) -> int:
        """Admits, shares out the prefill budget; returns how long the step takes, in ns."""
        p = self.parameters
        self.admitted = []
        budget = p.max_batched_tokens - len(self.decoding)
        prefilled = 0
        while prefilled < budget and (self.prefilling or self.admit_next()):
            sequence = self.prefilling[0]
            part = min(sequence.prompt_tokens - sequence.prefilled, budget - prefilled)
            sequence.prefilled += part
            prefilled += part
            if sequence.prefilled == sequence.prompt_tokens:
                self.decoding.append(self.prefilling.popleft())
        step_ns = (
            p.decode_base_ms * 1e6
            + p.decode_per_seq_us * 1e3 * len(self.decoding)
            + p.prefill_us_per_token * 1e3 * prefilled
            + p.prefill_fixed_ms * 1e6 * len(self.admitted)
        )
        return round(step_ns * self.draw_jitter())

    def admit_next(self) -> bool:
        """Moves the first of the queue to prefilling, if slots and cache allow it."""
        if not self.waiting or self.running >= self.parameters.max_num_seqs:
            return False
        need = self.waiting[0].reserved_tokens
        if self.kv_used + need > self.parameters.kv_tokens:
            return False
        self.kv_used += need
        sequence = self.waiting.popleft()
        self.prefilling.append(sequence)
        self.admitted.append(sequence)
        return True

    def draw_jitter(self) -> float:
        jitter = self.parameters.jitter
        if not jitter:
            return 1.0
        variance = math.log1p(jitter * jitter)
        return self.random.lognormvariate(-variance / 2, math.sqrt(variance))

    def end_step(self) -> list[S]:
        """The sequences that have one more token; those that have ended have left already."""
        yielded = self.decoding
        ended = False
        for sequence in yielded:
            sequence.generated += 1
            if sequence.generated == sequence.stop_at:
                self.kv_used -= sequence.reserved_tokens
                ended = True
        self.decoding = [s for s in yielded if s.generated < s.stop_at] if ended else yielded.copy()
        return yielded
