"""A model of continuous batching: which sequences share a step, and how long the step takes. No I/O, no clock.

The server works in steps. At the beginning of a step it admits waiting requests in order of arrival, as long as there
is a free slot (`max_num_seqs`), room in the cache for the prompt and the longest possible output (`kv_tokens`), and
part of the step's token budget left (`max_batched_tokens`, of which each decoding sequence takes one). A prompt that
does not fit the budget is prefilled over several steps. At the end of the step, every sequence whose prompt is complete
gets one more token. A step takes

    decode_base + decode_per_seq * tokens generated
    + prefill_per_token * prompt tokens prefilled + prefill_fixed * requests admitted

With `jitter`, this is multiplied by a log-normal factor of mean 1 and that standard deviation.
"""

from __future__ import annotations

import math
import random
from collections import deque
from typing import Generic, TypeVar

from aisbench.simulator.model.parameters import Parameters


class Sequence:
    """A request in the server. It ends at token `stop_at`, by default `max_tokens`."""

    __slots__ = ("generated", "max_tokens", "prefilled", "prompt_tokens", "stop_at")

    def __init__(self, prompt_tokens: int, max_tokens: int, stop_at: int | None = None) -> None:
        self.prompt_tokens = prompt_tokens
        self.max_tokens = max_tokens
        self.stop_at = max_tokens if stop_at is None else stop_at
        self.prefilled = 0
        self.generated = 0

    @property
    def reserved_tokens(self) -> int:
        """Tokens reserved in the cache: the server cannot know the output length, so it assumes the longest."""
        return self.prompt_tokens + self.max_tokens


S = TypeVar("S", bound=Sequence)


class Batcher(Generic[S]):
    """The sequences in the server. `begin_step` admits and plans a step, `end_step` generates its tokens.

    `admitted`: the sequences that the last `begin_step` took from the queue.
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
        """Queues a sequence. Raises ValueError if the cache is too small for it."""
        if sequence.reserved_tokens > self.parameters.kv_tokens:
            raise ValueError(f"{sequence.reserved_tokens} tokens can never fit the cache")
        self.waiting.append(sequence)

    def cancel(self, sequence: S) -> None:
        """Removes a sequence and frees its slot and cache at once. Does nothing if it has ended."""
        if sequence in self.waiting:
            self.waiting.remove(sequence)
        elif sequence in self.prefilling:
            self.prefilling.remove(sequence)
            self.kv_used -= sequence.reserved_tokens
        elif sequence in self.decoding:
            self.decoding.remove(sequence)
            self.kv_used -= sequence.reserved_tokens

    def begin_step(self) -> int:
        """Admits sequences and prefills within the budget. Returns the duration of the step in ns."""
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
        """Moves the first waiting sequence to prefilling if a slot and the cache allow it; returns whether it did."""
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
        """Returns the sequences that got a token in this step, including those that it ended."""
        yielded = self.decoding
        ended = False
        for sequence in yielded:
            sequence.generated += 1
            if sequence.generated == sequence.stop_at:
                self.kv_used -= sequence.reserved_tokens
                ended = True
        self.decoding = [s for s in yielded if s.generated < s.stop_at] if ended else yielded.copy()
        return yielded
