"""Notes on conversations: turns that were not sent, and turns that follow an answer without content."""

from __future__ import annotations

from collections import Counter

import numpy as np

from aisbench.records.run import Run

# Notes on what the workers had to make up for later turns, by the names of backends.history.History.
_MADE = {
    "repaired": "Tool calls with arguments that are not a JSON object: {:,}; later turns were sent with {{}} instead, because "
    "servers refuse others.",
    "unscripted": "Tool calls without a result in the data set: {:,}; each got a short default.",
    "uncalled": "Turns sent without a new message: {:,}; the answer before called no tool, so its scripted results were left "
    "out.",
}


def turn_notes(run: Run) -> list[str]:
    """Sentences for the verdict's notes; empty without conversations, or if there is nothing to note."""
    if not run.has_conversations:
        return []
    notes = _late_users(run)
    failed = len(np.unique(run.rows["conversation"][run.has_status("failed")]))
    missing = (run.info.get("planned_requests") or 0) - len(run.rows)
    if failed and missing > 0:
        notes.append(
            f"{missing:,} {'turn was' if missing == 1 else 'turns were'} not sent: {failed:,} "
            f"{'conversation' if failed == 1 else 'conversations'} had a turn that failed, which left no answer to "
            "continue from."
        )
    made: Counter[str] = Counter()
    for worker in run.info.get("workers") or ():
        made.update(worker.get("history") or {})
    notes += [told.format(made[name]) for name, told in _MADE.items() if made[name]]
    without = 0 if run.config.history_reasoning else _turns_without_answer(run) + made["thoughts"]
    if without:
        notes.append(
            f"{without:,} answers were all reasoning: later turns were sent without an assistant message for them, "
            "because servers refuse an empty one."
        )
    tokens = _session_tokens(run)
    if tokens is not None:
        notes.append(tokens)
    return notes


def _session_tokens(run: Run) -> str | None:
    """A note if answers lacked the header of --session-token-header; without it, later turns carry none."""
    name = run.config.session_token_header
    counts: Counter[str] = Counter()
    for worker in run.info.get("workers") or ():
        counts.update(worker.get("session_tokens") or {})
    missing = counts["answers"] - counts["tokens"]
    if name is None or missing <= 0:
        return None
    return (
        f"{missing:,} of {counts['answers']:,} answers had no header {name} (--session-token-header), so a later turn had "
        "the last value before it, or none."
    )


def _late_users(run: Run) -> list[str]:
    """A note if users sent turns late because the answers before them took longer than the time between turns."""
    gap_ns = run.config.user_gap_ns
    if not gap_ns:
        return []
    rows = run.selected(run.rows["sent_ns"] > 0)
    order = np.lexsort((rows["turn"], rows["conversation"]))
    conversation, planned = rows["conversation"][order], rows["planned_ns"][order]
    later = np.diff(conversation) == 0
    late = int((np.diff(planned)[later] > gap_ns).sum())
    if not late:
        return []
    return [
        f"{late:,} of {int(later.sum()):,} later turns were sent late, when the answer before had come: it took longer than the "
        f"{gap_ns / 1e9:g} s between two turns of a user, so the server got fewer requests/s than --user-rate."
    ]


def _turns_without_answer(run: Run) -> int:
    """How many answers without content were followed by another turn."""
    rows = run.rows
    empty = run.has_status("ok") & (rows["content_events"] == rows["reasoning_events"])
    conversations, turns = rows["conversation"], rows["turn"]
    asked = set(zip(conversations.tolist(), turns.tolist(), strict=True))
    return sum(
        (conversation, turn + 1) in asked
        for conversation, turn in zip(conversations[empty].tolist(), turns[empty].tolist(), strict=True)
    )
