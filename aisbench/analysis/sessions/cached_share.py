"""The block `ttft_by_cached_share`: TTFT by the share of a prompt that was in the prefix cache."""

from __future__ import annotations

from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.keys import Ms, Requests, Share
from aisbench.analysis.measured import Measured
from aisbench.analysis.statistics.figures import describe

_BINS = 10


class CachedBin(TypedDict):
    """TTFT of the requests whose prompts were cached to about the same share. Null without requests."""

    from_share: Annotated[
        Share, "above this share; the first bin holds the prompts of which nothing was cached"
    ]
    to_share: Annotated[Share, "up to and including this share"]
    requests: Annotated[Requests, "that succeeded, and whose usage gave cached tokens"]
    prompt_tokens: Annotated[float | None, "mean"]
    uncached_tokens: Annotated[float | None, "mean of the prompt tokens that were not cached"]
    p50_ttft_ms: Ms | None
    p90_ttft_ms: Ms | None
    p99_ttft_ms: Ms | None
    ttft_ms_per_1000_uncached: Annotated[
        Ms | None, "the sum of TTFT by the sum of uncached tokens, for 1,000 of them"
    ]


def cached_share_block(measured: Measured) -> list[CachedBin] | None:
    """Eleven bins: 0, and each tenth up to 1. None without first tokens, or if no usage gave cached tokens."""
    run, ok = measured.run, measured.ok
    if not run.streams or not run.generates:
        return None
    cached, prompt = run.rows["cached_tokens"][ok].astype(np.int64), measured.tokens.prompt[ok]
    ttft = measured.latencies["ttft"]
    told = (cached >= 0) & (prompt > 0) & ~np.isnan(ttft)
    if not told.any():
        return None
    prompt, ttft = prompt[told], ttft[told]
    hits = np.minimum(cached[told], prompt)
    # In whole tokens, so that a share on an edge is not moved by rounding. 0 is a bin of its own.
    bins = -(-hits * _BINS // prompt)
    return [_bin(which, prompt, prompt - hits, ttft, bins == which) for which in range(_BINS + 1)]


def _bin(
    which: int,
    prompt: NDArray[np.int64],
    uncached: NDArray[np.int64],
    ttft: NDArray[np.float64],
    mine: NDArray[np.bool_],
) -> CachedBin:
    found = describe(ttft[mine])
    new = int(uncached[mine].sum())
    some = found["count"] > 0
    return {
        "from_share": max(0, which - 1) / _BINS,
        "to_share": which / _BINS,
        "requests": found["count"],
        "prompt_tokens": float(prompt[mine].mean()) if some else None,
        "uncached_tokens": new / found["count"] if some else None,
        "p50_ttft_ms": found["p50"],
        "p90_ttft_ms": found["p90"],
        "p99_ttft_ms": found["p99"],
        "ttft_ms_per_1000_uncached": 1000 * float(ttft[mine].sum()) / new if new else None,
    }
