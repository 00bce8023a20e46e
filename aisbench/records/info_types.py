"""The types of what run.json holds, as far as reports compute with it: a damaged file is refused here, with words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput

# Anything may be null or absent, but for a worker's number.
_WORKER = {
    **dict.fromkeys(
        ("worker", "node", "wall_ns", "cpu_ns", "rest_ns", "runqueue_wait_ns", "longest_pause_ns"), int
    ),
    **dict.fromkeys(("died_ns", "clock_steps", "largest_clock_step_ns", "peak_rss_bytes"), int),
    **dict.fromkeys(("reads", "reads_stamped", "stale_retries"), int),
    **dict.fromkeys(("reader", "io_uring_refused", "died"), str),
}
_TYPES: dict[str, Any] = {
    **dict.fromkeys(("start_ns", "sending_ended_ns", "end_ns", "planned_requests"), int),
    **dict.fromkeys(("date", "version", "outcome", "outcome_reason"), str),
    "workers": [_WORKER],
    "nodes": [{}],
    "host": dict.fromkeys(("cpus", "steal_ns", "throttled_ns"), int),
    "limits": {},
    "fingerprint": {},
    "prompts": dict.fromkeys(("prompt_tokens", "max_tokens"), str),
    "endpoints": [str],
    "notes": [str],
    "error_samples": [{}],
}
_CALLED = {int: "a whole number", str: "a text", list: "a list", dict: "an object"}


def check_types(path: Path, info: Mapping[str, Any]) -> None:
    """Raises BadInput that names what has another type than a run writes."""
    _check(path, "", info, _TYPES)
    if info.get("date"):
        try:
            datetime.fromisoformat(info["date"])
        except ValueError:
            raise _damaged(path, "date", "a date", info["date"]) from None
    for number, worker in enumerate(info.get("workers") or ()):
        if worker.get("worker") is None:
            raise _damaged(path, f"workers[{number}].worker", _CALLED[int], None)


def _check(path: Path, place: str, value: Any, types: Any) -> None:
    if isinstance(types, dict):
        if not isinstance(value, dict):
            raise _damaged(path, place, _CALLED[dict], value)
        for name, inner in types.items():
            if value.get(name) is not None:
                _check(path, f"{place}.{name}" if place else name, value[name], inner)
    elif isinstance(types, list):
        if not isinstance(value, list):
            raise _damaged(path, place, _CALLED[list], value)
        for number, one in enumerate(value):
            _check(path, f"{place}[{number}]", one, types[0])
    elif not isinstance(value, types) or isinstance(value, bool):
        raise _damaged(path, place, _CALLED[types], value)


def _damaged(path: Path, place: str, wanted: str, found: object) -> BadInput:
    return BadInput(f"{path} is damaged: {place} must be {wanted}, got {json.dumps(found)[:80]}")
