"""Rules that all reports share, such as a dash, never 0, for a figure that was not measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aisbench.metrics import BY_KEY

# On the console. Pages have another dash.
_NOT_MEASURED = "-"
# Latencies from the plan and from the send count as equal below this difference.
_PART_FROM_MS = 1.0
_PART_FROM_SHARE = 0.01
# Requests that no figure covers: their keys in summary.json's `requests`, and what reports call them.
APART = {
    "aborted": "cancelled by the client",
    "cancelled": "cut off",
    "dropped": "dropped",
    "lost": "lost",
    "not_sent": "not sent",
}


def known(figures: Mapping[str, Any] | None, name: str) -> float | None:
    """The figure `name` of describe()'s `figures`; None if no value was measured."""
    if not figures or figures.get("count") == 0:
        return None
    found = figures.get(name)
    return None if found is None else float(found)


def shown(value: float | None, form: str = ".2f") -> str:
    return _NOT_MEASURED if value is None else f"{value:{form}}"


def metric_title(summary: Mapping[str, Any], key: str) -> str:
    """The title of the metric `key`. ITL is labelled "per event" if events carry several tokens."""
    metric = BY_KEY[key]
    per_event = metric.name == "itl" and summary["answers"]["itl_per"] == "event"
    return metric.title + (" per event" if per_event else "")


def ttft_bounds(summary: Mapping[str, Any]) -> tuple[float, float] | None:
    """The lower and upper bound of mean TTFT, ms; None if no request succeeded."""
    low, high = summary["client"]["ttft_bounds_ms"] or (None, None)
    return None if low is None or high is None or not summary["completed"] else (low, high)


def felt_from_plan(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The latencies from the plan if any of them clearly exceeds the one from the send; otherwise {}."""
    plan: dict[str, dict[str, Any]] = summary["from_plan"] or {}
    for key, found in plan.items():
        for name in ("mean", "p99"):
            late, sent = known(found, name), known(summary["metrics"].get(key), name)
            if late is None or sent is None:
                continue
            if late - sent > max(_PART_FROM_MS, _PART_FROM_SHARE * sent):
                return plan
    return {}
