"""The arrays of a result of `vllm bench serve`: one entry for each request that ended, by ticket; times in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.tokens import TokenCounts, each_gaps_ns
from aisbench.records.failure_kinds import error_kind
from aisbench.records.run import Run
from aisbench.records.texts import each_answer

# Their names.
REQUEST_ARRAYS = frozenset(
    (
        "input_lens",
        "output_lens",
        "ttfts",
        "itls",
        "latencies",
        "start_times",
        "queue_times",
        "generated_texts",
        "errors",
    )
)


def arrays(run: Run, tokens: TokenCounts, detailed: bool) -> dict[str, Sequence[Any] | NDArray[Any]]:
    """The arrays with one entry per request, of numpy if they hold numbers; without `detailed` only latencies and queue_times, as in vLLM."""
    kept = run.has_status("ok", "failed")
    rows = run.selected(kept)
    ok = run.has_status("ok")[kept]
    began_ns = rows[run.sends_from]
    # As arrays: as lists, they would be the largest things in memory.
    latencies = np.where(ok, (rows["last_token_ns"] - began_ns) / 1e9, 0.0)
    queue_times = np.where(began_ns > 0, (began_ns - rows["planned_ns"]) / 1e9, 0.0)
    if not detailed:
        return {"latencies": latencies, "queue_times": queue_times}
    planned = run.planned_lengths("prompt_tokens")
    prompt = np.where(ok, tokens.prompt[kept], 0 if planned is None else planned[kept])
    has_token = rows["first_token_ns"] > 0
    return {
        "input_lens": prompt,
        "output_lens": tokens.output[kept],
        "ttfts": np.where(has_token, (rows["first_token_ns"] - began_ns) / 1e9, 0.0),
        "itls": [(gaps / 1e9).tolist() for gaps, keep in zip(each_gaps_ns(run), kept, strict=True) if keep],
        "latencies": latencies,
        "start_times": began_ns / 1e9,
        "queue_times": queue_times,
        "generated_texts": [one.content for one, keep in zip(each_answer(run), kept, strict=True) if keep],
        "errors": [_error_text(row) for row in run.rows[kept]],
    }


def _error_text(row: np.void) -> str:
    """The kind of failure; empty for a successful request."""
    return error_kind(int(row["error"]), int(row["http_status"])) if row["error"] else ""


def pooling_arrays(run: Run, tokens: TokenCounts) -> dict[str, Sequence[Any] | NDArray[Any]]:
    """The arrays of answers that were not generated, as vLLM gives them."""
    kept = run.has_status("ok", "failed")
    found = arrays(run, tokens, run.config.save_detailed)
    if not run.config.save_detailed:
        return found
    return {
        "input_lens": tokens.prompt[kept],
        **{name: found[name] for name in ("latencies", "queue_times", "errors")},
    }
