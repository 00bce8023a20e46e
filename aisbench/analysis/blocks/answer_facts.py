"""The blocks `answers` and `reasoning`: tokens per event, how answers ended, and reasoning before the answer."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench._native.protocol.finish import FINISHES
from aisbench.analysis.contract.keys import Count, Requests, Share
from aisbench.analysis.measured import Measured
from aisbench.analysis.statistics.figures import Figures, describe
from aisbench.metrics import SEVERAL_TOKENS_FROM
from aisbench.records.run import Run


class Finish(TypedDict):
    """Numbers of answers by the finish reason that the server gave."""

    none: Annotated[Requests, "no reason was given"]
    stop: Requests
    length: Annotated[Requests, "the token limit was reached"]
    other: Requests


class AnswersBlock(TypedDict):
    """How the answers of the successful requests arrived and ended."""

    tokens_per_event: Annotated[
        float | None, "output tokens per content event, on average; null without streaming"
    ]
    itl_per: Annotated[
        Literal["token", "event"] | None,
        "what ITL is the gap between: events if they carry more than 1.1 tokens on average, else tokens",
    ]
    at_one_moment: Annotated[
        Requests, "that got several tokens, all at one moment, and so have neither TPOT nor ITL"
    ]
    finish: Annotated[Finish, "how they ended"]
    truncated_share: Annotated[
        Share | None, "share of the answers that reached their token limit; null if none succeeded"
    ]
    first_answer_ms: Annotated[
        Figures | None,
        "ms from the send to the first content that is not reasoning; null if there was no reasoning",
    ]
    reasoning_only: Annotated[Requests, "answers with nothing but reasoning; 0 if there was no reasoning"]
    usage_contradicted: Annotated[Requests, "whose usage was ignored because their stream contradicts it"]
    uncounted: Annotated[Requests, "that came without a usage of output tokens"]


class ReasoningBlock(TypedDict):
    """Reasoning before the answer, in the successful requests."""

    events: Annotated[Count, "content events that were reasoning"]
    requests: Annotated[Requests, "that had any"]
    share_of_events: Annotated[Share | None, "share of all content events; null if there were none"]


def answers_block(measured: Measured) -> AnswersBlock:
    """summary.json's `answers`."""
    run, tokens, latencies = measured.run, measured.tokens, measured.latencies
    rows = run.selected(measured.ok)
    per_event = (tokens.per_event(run) or None) if run.streams and run.generates else None
    finish = np.bincount(rows["finish"], minlength=len(FINISHES))
    count = len(rows)
    reasoned = bool(np.any(rows["reasoning_events"] > 0)) and run.streams
    first_ms = _first_answers_ms(run)
    return {
        "tokens_per_event": per_event,
        "itl_per": None if per_event is None else "event" if per_event > SEVERAL_TOKENS_FROM else "token",
        "at_one_moment": latencies.at_one_moment if run.streams else 0,
        "finish": {
            "none": int(finish[FINISHES.index("none")]),
            "stop": int(finish[FINISHES.index("stop")]),
            "length": int(finish[FINISHES.index("length")]),
            "other": int(finish[FINISHES.index("other")]),
        },
        "truncated_share": float(finish[FINISHES.index("length")]) / count if count else None,
        "first_answer_ms": describe(first_ms, measured.percents) if reasoned else None,
        "reasoning_only": count - len(first_ms) if reasoned else 0,
        "usage_contradicted": tokens.contradicted,
        "uncounted": tokens.uncounted,
    }


def _first_answers_ms(run: Run) -> NDArray[np.float64]:
    """From the send to the first token that is not reasoning, of the successful requests that have one."""
    rows = run.selected(run.has_status("ok") & (run.rows["first_answer_ns"] > 0))
    return np.asarray((rows["first_answer_ns"] - rows["sent_ns"]) / 1e6)


def reasoning_block(run: Run) -> ReasoningBlock:
    rows = run.selected(run.has_status("ok"))
    events, reasoning = int(rows["content_events"].sum()), int(rows["reasoning_events"].sum())
    return {
        "events": reasoning,
        "requests": int((rows["reasoning_events"] > 0).sum()),
        "share_of_events": reasoning / events if events else None,
    }
