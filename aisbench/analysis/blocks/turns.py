"""Conversations: turns that were never asked, and turns that lack an answer before them."""

from __future__ import annotations

import numpy as np

from aisbench.records.run import Run


def turn_notes(run: Run) -> list[str]:
    """Sentences for the verdict's notes; none where there were no conversations, or nothing befell them."""
    if not run.has_conversations:
        return []
    notes = []
    ended = len(np.unique(run.rows["conversation"][run.has_status("failed")]))
    missing = (run.info.get("planned_requests") or 0) - len(run.rows)
    if ended and missing > 0:
        notes.append(
            f"{missing:,} {'turn was' if missing == 1 else 'turns were'} not sent: {ended:,} "
            f"{'conversation' if ended == 1 else 'conversations'} ended with a turn that failed, as there was no answer "
            "to go on from."
        )
    without = _turns_without_answer(run)
    if without:
        notes.append(
            f"{without:,} answers were all reasoning: later turns were sent without an assistant's message there, "
            "as servers refuse an empty one."
        )
    return notes


def _turns_without_answer(run: Run) -> int:
    """How many answers without content had a turn after them."""
    rows = run.rows
    empty = run.has_status("ok") & (rows["content_events"] == rows["reasoning_events"])
    conversations, turns = rows["conversation"], rows["turn"]
    asked = set(zip(conversations.tolist(), turns.tolist(), strict=True))
    return sum(
        (conversation, turn + 1) in asked
        for conversation, turn in zip(conversations[empty].tolist(), turns[empty].tolist(), strict=True)
    )
