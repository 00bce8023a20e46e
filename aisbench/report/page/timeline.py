"""The requests that the page's timeline draws, as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import STATUSES
from aisbench.records.failure_kinds import error_kind
from aisbench.records.run import Run
from aisbench.report.page.arrays import packed

# Requests that the page holds (50 bytes each); of more, an even choice by slot with so many of the
# slowest by each measure, and of the failed. The page draws fewer of them at a time.
TIMELINE_MOST = 100_000
TIMELINE_SPECIAL = 1000


def timeline(run: Run) -> dict[str, Any]:
    """Requests as columns: `sent` in seconds since the start, spans in ms, NaN for what was not reached.

    `total` says of how many these were chosen.
    """
    shown = run.rows[chosen(run)]
    sent = shown["sent_ns"]
    # Whole answers have no first token: all of their time is drawn as waiting for the end.
    has_token = (shown["first_token_ns"] > 0) & (sent > 0)

    def span(
        from_ns: NDArray[np.int64], to_ns: NDArray[np.int64], known: NDArray[np.bool_]
    ) -> dict[str, str]:
        return packed(np.where(known, (to_ns - from_ns) / 1e6, np.nan).astype("f4"))

    return {
        "total": len(run.rows),
        # In closed loop nothing was planned for a certain time, so there is no wait to draw.
        "has_plan": run.is_open_loop,
        "slot": packed(shown["slot"].astype("i4")),
        "sent": packed(np.where(sent > 0, (sent - run.start_ns) / 1e9, np.nan)),
        "wait": span(shown["planned_ns"], sent, (sent > 0) & run.is_open_loop),
        "ttft": span(sent, shown["first_token_ns"], has_token),
        "decode": span(shown["first_token_ns"], shown["last_token_ns"], has_token),
        "until_done": span(sent, shown["done_ns"], (shown["done_ns"] > 0) & (sent > 0)),
        "prompt_tokens": packed(shown["prompt_tokens"].astype("i4")),
        "output_tokens": packed(shown["output_tokens"].astype("i4")),
        "status": packed(shown["status"].copy()),
        "statuses": STATUSES,
        **kinds(shown),
    }


def kinds(rows: NDArray[np.void]) -> dict[str, Any]:
    """Per row the index of its kind of failure in `errors`, whose first is none."""
    both = rows["error"].astype(np.int64) << 32 | np.where(rows["error"] > 0, rows["http_status"], 0)
    codes, index = np.unique(np.append(both, 0), return_inverse=True)
    names = [error_kind(int(code) >> 32, int(code) & 0xFFFFFFFF) for code in codes]
    return {"errors": names, "error": packed(index[:-1].astype("u1"))}


def chosen(run: Run) -> NDArray[np.int64]:
    """Which rows the page holds: all, or evenly by slot plus the slowest and some that failed."""
    rows = run.rows
    if len(rows) <= TIMELINE_MOST:
        return np.arange(len(rows))
    ok = np.flatnonzero(run.has_status("ok"))
    failed = np.flatnonzero(run.has_status("failed"))
    kept = [failed[np.linspace(0, len(failed) - 1, min(len(failed), TIMELINE_SPECIAL)).astype(np.int64)]]
    for end in ("first_token_ns", "last_token_ns"):
        spans = rows[end][ok] - rows["sent_ns"][ok]
        kept.append(ok[np.argsort(-spans)[:TIMELINE_SPECIAL]])
    special = np.unique(np.concatenate(kept))
    even = np.linspace(0, len(rows) - 1, TIMELINE_MOST - len(special)).astype(np.int64)
    return np.unique(np.concatenate([even, special]))
