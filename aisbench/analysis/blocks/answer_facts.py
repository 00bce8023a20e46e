"""The block `answers`: tokens per event, how answers ended, reasoning before the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.protocol.finish import FINISHES
from aisbench.analysis.measured import Measured
from aisbench.analysis.statistics.figures import describe
from aisbench.metrics import SEVERAL_TOKENS_FROM
from aisbench.records.run import Run


def answers_block(measured: Measured) -> dict[str, Any]:
    """summary.json's `answers`, of the succeeded requests.

    `itl_per`: "token", or "event" where events carry more than 1.1 tokens on average. `at_one_moment`: how many
    had several tokens and all of them at one moment, so that they have neither TPOT nor ITL. `finish`: by what
    the server gave as the reason for the end; `truncated_share`: those that reached their most tokens (length).
    `first_answer_ms`, where there was reasoning: from the send to the first content that is none, describe()'s figures
    of the requests that came to one; `reasoning_only`: how many did not.
    `usage_contradicted`, `uncounted`: see TokenCounts. What does not apply is None.
    """
    run, tokens, latencies = measured.run, measured.tokens, measured.latencies
    rows = run.selected(measured.ok)
    per_event = (tokens.per_event(run) or None) if run.streams and run.generates else None
    finish = np.bincount(rows["finish"], minlength=len(FINISHES))
    count = len(rows)
    reasoned = bool(np.any(rows["reasoning_events"] > 0)) and run.streams
    first_ms = first_answers_ms(run)
    return {
        "tokens_per_event": per_event,
        "itl_per": None if per_event is None else "event" if per_event > SEVERAL_TOKENS_FROM else "token",
        "at_one_moment": latencies.at_one_moment if run.streams else 0,
        "finish": {name: int(finish[code]) for code, name in enumerate(FINISHES)},
        "truncated_share": float(finish[FINISHES.index("length")]) / count if count else None,
        "first_answer_ms": describe(first_ms, measured.percents) if reasoned else None,
        "reasoning_only": count - len(first_ms) if reasoned else 0,
        "usage_contradicted": tokens.contradicted,
        "uncounted": tokens.uncounted,
    }


def first_answers_ms(run: Run) -> NDArray[np.float64]:
    """From the send to the first token of the answer itself, of the succeeded requests that came to one."""
    rows = run.selected(run.has_status("ok") & (run.rows["first_answer_ns"] > 0))
    return np.asarray((rows["first_answer_ns"] - rows["sent_ns"]) / 1e6)


def reasoning_block(run: Run) -> dict[str, float | None]:
    rows = run.selected(run.has_status("ok"))
    events, reasoning = int(rows["content_events"].sum()), int(rows["reasoning_events"].sum())
    return {
        "events": reasoning,
        "requests": int((rows["reasoning_events"] > 0).sum()),
        "share_of_events": reasoning / events if events else None,
    }
