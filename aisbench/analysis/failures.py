"""Groups failed requests by kind, and finds the body fields that a server refused."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from aisbench.records.failure_kinds import error_kind
from aisbench.records.run import Run

# Body fields that some servers do not know and that a run does not need.
_OPTIONAL_FIELDS = (
    "stream_options",
    "max_completion_tokens",
    "ignore_eos",
    "temperature",
    "repetition_penalty",
    "logprobs",
    "truncate_prompt_tokens",
)
_REFUSALS = ("http_400", "http_422")


def failures_by_kind(run: Run) -> dict[str, NDArray[np.void]]:
    """The rows of the failed requests by kind, the most frequent first."""
    failed = run.rows[run.has_status("failed")]
    statuses = np.where(failed["http_status"] == 200, 0, failed["http_status"])
    found: dict[str, NDArray[np.void]] = {}
    for error, status in {(int(e), int(s)) for e, s in zip(failed["error"], statuses, strict=True)}:
        rows = failed[(failed["error"] == error) & (statuses == status)]
        kind = error_kind(error, status)
        found[kind] = np.concatenate([found[kind], rows]) if kind in found else rows
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def refused_fields(run: Run) -> list[str]:
    """The optional body fields that a server's refusals name, by the sampled failures."""
    refusals = [
        str(sample.get("message"))
        for sample in run.info.get("error_samples") or ()
        if sample.get("kind") in _REFUSALS
    ]
    return [name for name in _OPTIONAL_FIELDS if any(re.search(rf"\b{name}\b", text) for text in refusals)]
