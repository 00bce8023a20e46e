"""Rules that all reports share: figures that were not measured are a dash, never 0; titles of metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aisbench.metrics import BY_KEY

# What stands on the console in place of a figure; pages have a dash of their own.
_NOT_MEASURED = "-"
# Latencies from the plan and from the send that part by less than this are one figure to a reader.
_PART_FROM_MS = 1.0
_PART_FROM_SHARE = 0.01
# Requests that are in no figure, by their names in summary.json's `requests`, in a reader's words.
APART = {"cancelled": "cut off", "dropped": "dropped", "lost": "lost", "not_sent": "not sent"}


def known(figures: Mapping[str, Any] | None, name: str) -> float | None:
    """`name` of describe()'s figures; None where no value was measured."""
    if not figures or figures.get("count") == 0:
        return None
    found = figures.get(name)
    return None if found is None else float(found)


def shown(value: float | None, form: str = ".2f") -> str:
    return _NOT_MEASURED if value is None else f"{value:{form}}"


def metric_title(summary: Mapping[str, Any], key: str) -> str:
    """The title of summary.json's `key`; ITL says so where its gaps are between events of several tokens."""
    metric = BY_KEY[key]
    per_event = metric.name == "itl" and summary["answers"]["itl_per"] == "event"
    return metric.title + (" per event" if per_event else "")


def ttft_bounds(summary: Mapping[str, Any]) -> tuple[float, float] | None:
    """Between which moments mean TTFT lies, ms; None where no request succeeded."""
    low, high = summary["client"]["ttft_bounds_ms"] or (None, None)
    return None if low is None or high is None or not summary["completed"] else (low, high)


def felt_from_plan(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The latencies from the plan, where they part from those from the send; {} where they do not."""
    plan: dict[str, dict[str, Any]] = summary["from_plan"] or {}
    for key, found in plan.items():
        for name in ("mean", "p99"):
            late, sent = known(found, name), known(summary["metrics"].get(key), name)
            if late is None or sent is None:
                continue
            if late - sent > max(_PART_FROM_MS, _PART_FROM_SHARE * sent):
                return plan
    return {}
