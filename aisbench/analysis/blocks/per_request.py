"""The blocks `per_user` and `per_request`: tokens of single requests, and the speeds that users saw."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import numpy as np

from aisbench.analysis.measured import Measured
from aisbench.analysis.statistics.figures import Figures, describe


class PerUser(TypedDict, total=False):
    """Speeds that users saw; empty without streaming."""

    decode_tokens_per_s: Annotated[Figures, "tokens/s of a request while it streamed: 1 / TPOT"]
    prefill_tokens_per_s: Annotated[Figures, "prompt tokens / TTFT of a request, tokens/s"]


class PerRequest(TypedDict):
    """Tokens of single requests, and how fast they arrived."""

    input_tokens: Annotated[Figures, "prompt tokens of a request"]
    output_tokens: Annotated[Figures, "output tokens of a request"]
    output_tokens_per_s: Annotated[Figures, "output tokens / E2EL of a request, tokens/s"]


def per_user_block(measured: Measured, mine: Any = ...) -> PerUser:
    """Decode (1 / TPOT) and prefill (prompt tokens / TTFT) in tokens/s; empty without streaming. `mine`: mask or index
    into the successful requests."""
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
    """Tokens of each request, and output tokens / E2EL in tokens/s. `mine`: as in per_user_block."""
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
