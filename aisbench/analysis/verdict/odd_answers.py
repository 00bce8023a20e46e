"""The verdict's notes on answers that were odd but still count."""

from __future__ import annotations

import numpy as np

from aisbench._native.memory.recorder import MARKS
from aisbench.records.run import Run


def answer_notes(run: Run) -> list[str]:
    """One sentence for each kind of oddity among the successful requests."""
    rows = run.selected(run.has_status("ok"))
    of = f"of {len(rows):,} answers"
    odd_types, left_open, late, again = (
        int(np.count_nonzero(found))
        for found in (
            rows["marks"] & MARKS["odd_content_type"],
            rows["marks"] & MARKS["body_left_open"],
            rows["late_events"],
            rows["attempts"] > 1,
        )
    )
    notes = []
    if odd_types:
        notes.append(
            f"{odd_types:,} {of} were event streams whose content type says otherwise; they were measured as streams."
        )
    if left_open:
        notes.append(
            f"{left_open:,} {of} left the body open after the end of the stream. These requests count as ended "
            "there, and their connections were not used again."
        )
    if late:
        notes.append(
            f"{late:,} {of} went on after [DONE]. Only usage was taken from those "
            f"{int(rows['late_events'].sum()):,} events."
        )
    if again:
        notes.append(
            f"{again:,} of {len(rows):,} requests were sent twice, because the server had closed the idle connection. "
            "They are timed from the first send."
        )
    return notes
