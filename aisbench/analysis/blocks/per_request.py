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
    # One after another: together they would take much memory in a large run.
    tpot = measured.latencies["tpot"][mine]
    decode = describe(1e3 / tpot[tpot > 0])
    del tpot
    prompt, ttft = measured.tokens.prompt[measured.ok][mine], measured.latencies["ttft"][mine]
    known = (prompt > 0) & (ttft > 0)
    return {
        "decode_tokens_per_s": decode,
        "prefill_tokens_per_s": describe(1e3 * prompt[known] / ttft[known]),
    }


def per_request_block(measured: Measured, mine: Any = ...) -> PerRequest:
    """Tokens of each request, and output tokens / E2EL in tokens/s. `mine`: as in per_user_block."""
    tokens, ok = measured.tokens, measured.ok
    # One after another: together they would take much memory in a large run.
    inputs = describe(np.asarray(tokens.prompt[ok][mine], float))
    output = np.asarray(tokens.output[ok][mine], float)
    outputs = describe(output)
    e2el = measured.latencies["e2el"][mine]
    timed = e2el > 0
    return {
        "input_tokens": inputs,
        "output_tokens": outputs,
        "output_tokens_per_s": describe(1e3 * output[timed] / e2el[timed]),
    }
