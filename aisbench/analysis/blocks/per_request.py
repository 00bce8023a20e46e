"""Tokens and speeds of single requests, and speeds as their users saw them."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import numpy as np

from aisbench.analysis.measured import Measured
from aisbench.analysis.statistics.figures import Figures, describe


class PerUser(TypedDict, total=False):
    """Speeds as users saw them; empty for whole answers."""

    decode_tokens_per_s: Annotated[Figures, "tokens/s of a request while it streamed: 1 / TPOT"]
    prefill_tokens_per_s: Annotated[Figures, "prompt tokens / TTFT of a request, tokens/s"]


class PerRequest(TypedDict):
    """Tokens of single requests, and how fast they came."""

    input_tokens: Annotated[Figures, "prompt tokens of a request"]
    output_tokens: Annotated[Figures, "output tokens of a request"]
    output_tokens_per_s: Annotated[Figures, "output tokens / E2EL of a request, tokens/s"]


def per_user_block(measured: Measured, mine: Any = ...) -> PerUser:
    """Decode = 1 / TPOT, prefill = prompt tokens / TTFT, in tokens/s; nothing for whole answers. `mine`: mask or index of the
    succeeded requests."""
    if not measured.run.streams:
        return {}
    prompt, ttft, tpot = (
        values[mine]
        for values in (
            measured.tokens.prompt[measured.ok],
            measured.latencies["ttft"],
            measured.latencies["tpot"],
        )
    )
    known = (prompt > 0) & (ttft > 0)
    return {
        "decode_tokens_per_s": describe(1e3 / tpot[tpot > 0]),
        "prefill_tokens_per_s": describe(1e3 * prompt[known] / ttft[known]),
    }


def per_request_block(measured: Measured, mine: Any = ...) -> PerRequest:
    """How many tokens requests had, and how fast each came: output tokens / E2EL, tokens/s. `mine`: as above."""
    tokens, ok = measured.tokens, measured.ok
    prompt, output, e2el = (
        np.asarray(values[mine], float)
        for values in (tokens.prompt[ok], tokens.output[ok], measured.latencies["e2el"])
    )
    timed = e2el > 0
    return {
        "input_tokens": describe(prompt),
        "output_tokens": describe(output),
        "output_tokens_per_s": describe(1e3 * output[timed] / e2el[timed]),
    }
