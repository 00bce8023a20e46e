"""Whether the client was the bottleneck of a run, apart from what the server did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aisbench.analysis.verdict import thresholds
from aisbench.analysis.verdict.verdict import RANK

# Checks that an overloaded server fails; all other checks of a verdict are about the client.
_SERVER_CHECKS = tuple(
    threshold.name
    for threshold in (
        thresholds.ERRORS,
        thresholds.CUT_OFF,
        thresholds.OUTPUT_LENGTHS,
        thresholds.INPUT_LENGTHS,
    )
)


def client_status(summary: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The client's status in a run, and the reasons: the verdict without the checks that an overloaded server fails."""
    worst = "valid"
    reasons = []
    for check in summary["verdict"]["checks"]:
        if check["name"] not in _SERVER_CHECKS and check["status"] != "valid":
            reasons.append(str(check["text"]))
            worst = max(worst, check["status"], key=RANK.__getitem__)
    return worst, reasons
