"""The stages of a run that stand beside the whole of it, and when one is too small to have figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aisbench.report.shown import known

# Fewer requests than this have no throughput, and no mean that a second run would repeat.
_LEAST_REQUESTS = 10


def missing(stage: Mapping[str, Any]) -> str | None:
    """Why `stage`, one of summary.json's `stable`, has no figures to show; None where it has."""
    if stage["window_ms"] is None:
        return str(stage["reason"])
    return too_little(stage)


def too_little(stage: Mapping[str, Any]) -> str | None:
    """Why the window that there is says nothing: hardly a request in it, or shorter than one of them."""
    begin_ms, end_ms = stage["window_ms"]
    count, seconds = stage["completed"], (end_ms - begin_ms) / 1e3
    longest_ms = known(stage["metrics"]["e2el_ms"], "max") or 0.0
    if count < _LEAST_REQUESTS:
        requests = "1 request" if count == 1 else f"{count} requests"
        return f"{requests} in {seconds:.2f} s, too few to say anything (at least {_LEAST_REQUESTS})"
    if longest_ms > end_ms - begin_ms:
        return f"its {seconds:.2f} s are shorter than its longest request ({longest_ms / 1e3:.2f} s)"
    return None
