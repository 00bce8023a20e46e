"""Decides whether a stage of a run is large enough for its figures to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aisbench.report.shown import known

# With fewer requests, a second run would give quite different figures.
_LEAST_REQUESTS = 10


def missing(stage: Mapping[str, Any]) -> str | None:
    """Why `stage`, an entry of summary.json's `stable`, has no figures to show; None if it has some."""
    if stage["window_ms"] is None:
        return str(stage["reason"])
    return too_little(stage)


def too_little(stage: Mapping[str, Any]) -> str | None:
    """Why the window of `stage` is too small for figures; None if it is large enough."""
    begin_ms, end_ms = stage["window_ms"]
    count, seconds = stage["completed"], (end_ms - begin_ms) / 1e3
    longest_ms = known(stage["metrics"]["e2el_ms"], "max") or 0.0
    if count < _LEAST_REQUESTS:
        requests = "1 request" if count == 1 else f"{count} requests"
        return f"{requests} in {seconds:.2f} s, too few for figures (at least {_LEAST_REQUESTS} are needed)"
    if longest_ms > end_ms - begin_ms:
        return f"its {seconds:.2f} s are shorter than its longest request ({longest_ms / 1e3:.2f} s)"
    return None
