"""Why requests of a run failed, in a few words."""

from __future__ import annotations

from aisbench.records.run import Run
from aisbench.report.text.console import one_line


def first_failure(run: Run) -> str:
    """The kind and words of the first failure that the run kept, if it did: " (http_500: overloaded)"."""
    samples = run.info.get("error_samples") or []
    if not samples:
        return ""
    message = one_line(samples[0].get("message") or "")
    return f" ({samples[0]['kind']}{f': {message}' if message else ''})"
