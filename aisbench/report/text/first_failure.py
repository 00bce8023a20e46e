"""Names the first failure of a run in a few words."""

from __future__ import annotations

from aisbench.records.run import Run
from aisbench.report.text.console import one_line


def first_failure(run: Run) -> str:
    """Kind and message of the first failure that the run kept, as in " (http_500: overloaded)"; "" if none."""
    samples = run.info.get("error_samples") or []
    if not samples:
        return ""
    message = one_line(samples[0].get("message") or "")
    return f" ({samples[0]['kind']}{f': {message}' if message else ''})"
