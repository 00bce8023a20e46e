"""What single requests had and what their users saw, of all succeeded requests or of some of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from aisbench.analysis.latencies import Latencies
from aisbench.analysis.statistics import Figures, describe
from aisbench.analysis.tokens import TokenCounts
from aisbench.records.run import Run


def per_user_block(
    run: Run, latencies: Latencies, tokens: TokenCounts, mine: Any = ...
) -> dict[str, Figures]:
    """Decode = 1 / TPOT, prefill = prompt tokens / TTFT, in tokens/s. `mine`: mask or index of the succeeded requests."""
    prompt, ttft, tpot = (
        values[mine] for values in (tokens.prompt[run.has_status("ok")], latencies.ttft, latencies.tpot_each)
    )
    known = (prompt > 0) & (ttft > 0)
    return {
        "decode_tokens_per_s": describe(1e3 / tpot[tpot > 0]),
        "prefill_tokens_per_s": describe(1e3 * prompt[known] / ttft[known]),
    }


def per_request_block(
    run: Run, latencies: Latencies, tokens: TokenCounts, mine: Any = ...
) -> dict[str, Figures]:
    """How many tokens requests had, and how fast each came: output tokens / E2EL, tokens/s. `mine`: as above."""
    ok = run.has_status("ok")
    prompt, output, e2el = (
        np.asarray(values[mine], float) for values in (tokens.prompt[ok], tokens.output[ok], latencies.e2el)
    )
    timed = e2el > 0
    return {
        "input_tokens": describe(prompt),
        "output_tokens": describe(output),
        "output_tokens_per_s": describe(1e3 * output[timed] / e2el[timed]),
    }
