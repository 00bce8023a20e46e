"""Writes sessions.csv, one row per session, and turns.csv, one row per place of a turn."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.sessions.per_session import OUTCOMES, PerSession


def write_sessions_csv(found: PerSession | None, path: Path) -> None:
    """Writes the columns of PerSession, with times in s since the start; what is not known is empty.

    If the run has no sessions, removes the file that an earlier report left.
    """
    if found is None:
        path.unlink(missing_ok=True)
        return
    columns: dict[str, list[Any]] = {
        "session": found.number.tolist(),
        "outcome": [OUTCOMES[code] for code in found.outcome.tolist()],
        "turns_planned": _counts(found.planned),
        "turns_completed": found.completed.tolist(),
        "turns_failed": found.failed.tolist(),
        "turns_cut": found.cut.tolist(),
        "turns_not_sent": _counts(found.not_sent),
        "begin_s": _seconds(found.begin_ns),
        "end_s": _seconds(found.end_ns),
        "duration_s": _seconds(found.duration_ns),
        "waiting_s": _seconds(found.waiting_ns),
        "queued_s": _seconds(found.queued_ns),
        "prompt_tokens": found.prompt_tokens.tolist(),
        "output_tokens": found.output_tokens.tolist(),
        "cached_tokens": _counts(found.cached_tokens),
        "context_tokens": found.context_tokens.tolist(),
        "first_ttft_ms": _ms(found.first_ttft_ms),
        "later_ttft_ms": _ms(found.later_ttft_ms),
        "e2el_ms": _ms(found.e2el_ms),
    }
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def write_turns_csv(block: dict[str, Any] | None, path: Path) -> None:
    """Writes the columns of `by_turn` of summary.json's `sessions`; without sessions, as `write_sessions_csv`."""
    if block is None:
        path.unlink(missing_ok=True)
        return
    columns = list(dict.fromkeys(name for one in block["by_turn"] for name in one))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(block["by_turn"])


def _counts(values: NDArray[np.int64]) -> list[Any]:
    return ["" if value < 0 else value for value in values.tolist()]


def _seconds(values_ns: NDArray[np.int64]) -> list[float]:
    return np.round(values_ns / 1e9, 6).tolist()  # type: ignore[no-any-return]


def _ms(values: NDArray[np.float64]) -> list[Any]:
    return ["" if np.isnan(value) else value for value in np.round(values, 4).tolist()]
