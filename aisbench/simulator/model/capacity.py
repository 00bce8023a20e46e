"""The capacity of a simulated server, from its parameters alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aisbench.simulator.model.parameters import Parameters


@dataclass(frozen=True)
class Capacity:
    """Long-run averages of a server that is never without waiting requests of one shape.

    `batch` is how many sequences get a token in a step.
    """

    batch: float
    step_ms: float
    requests_per_s: float
    tokens_per_s: float


def capacity(parameters: Parameters, prompt_tokens: int, output_tokens: int) -> Capacity:
    """The most that a server does with requests of `prompt_tokens` in and `output_tokens` out.

    Follows from the formula of a step (see `batcher`). The batch is as large as slots, cache and the token
    budget of a step allow, where P / L prompt tokens must be prefilled for each token that comes out:

        B = min(max_num_seqs, floor(kv_tokens / (P + L)), max_batched_tokens / (1 + P / L))

    Each of the B sequences is there for L steps, so on average B / L begin in a step and each brings P
    prompt tokens and the fixed cost:

        step = decode_base + B * decode_per_seq + B / L * (prefill_fixed + P * prefill_per_token)

    and a step yields B tokens: tokens/s = B / step, requests/s = B / L / step; infinite where a step costs
    nothing, 0 where a request does not fit the cache. Left out is that a sequence whose prompt is cut by
    the budget holds its slot a step longer (under 1 % in the tests' shapes), and the ramp at the start.
    """
    batch = min(
        parameters.max_num_seqs,
        parameters.kv_tokens // (prompt_tokens + output_tokens),
        parameters.max_batched_tokens / (1 + prompt_tokens / output_tokens),
    )
    begin = batch / output_tokens
    step_ms = (
        parameters.decode_base_ms
        + batch * parameters.decode_per_seq_us / 1e3
        + begin * (parameters.prefill_fixed_ms + prompt_tokens * parameters.prefill_us_per_token / 1e3)
    )
    tokens_per_s = batch / step_ms * 1e3 if step_ms else math.inf
    return Capacity(batch, step_ms, tokens_per_s / output_tokens, tokens_per_s)
