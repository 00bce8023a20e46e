"""The capacity of a simulated server, computed from its parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aisbench.simulator.model.parameters import Parameters


@dataclass(frozen=True)
class Capacity:
    """Long-run averages of a server that always has requests of one shape waiting.

    `batch`: how many sequences get a token in a step.
    """

    batch: float
    step_ms: float
    requests_per_s: float
    tokens_per_s: float


def capacity(parameters: Parameters, prompt_tokens: int, output_tokens: int) -> Capacity:
    """The throughput of a saturated server with requests of `prompt_tokens` (P) in and `output_tokens` (L) out.

    It follows from the formula of a step (see `batcher`). The batch is as large as the slots, the cache and the token
    budget of a step allow, where P / L prompt tokens must be prefilled for each generated token:

        B = min(max_num_seqs, floor(kv_tokens / (P + L)), max_batched_tokens / (1 + P / L))

    Each of the B sequences takes part in L steps, so on average B / L begin in a step, and each of these adds P
    prompt tokens and the fixed cost:

        step = decode_base + B * decode_per_seq + B / L * (prefill_fixed + P * prefill_per_token)

    A step generates B tokens, so tokens/s = B / step and requests/s = B / L / step. Both are infinite if a step costs
    nothing, and 0 if a request does not fit the cache. The formula ignores the ramp at the start, and that a sequence
    whose prompt is split over two steps holds its slot for one more step (under 1 % with the tests' shapes).
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
