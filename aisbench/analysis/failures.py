"""Failed requests by kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.records import Run
from aisbench.engine.kinds import error_kind


def failures_by_kind(run: Run) -> dict[str, NDArray[np.void]]:
    """The rows of the failed requests under the name of their kind, the commonest first."""
    failed = run.rows[run.has_status("failed")]
    statuses = np.where(failed["http_status"] == 200, 0, failed["http_status"])
    found: dict[str, NDArray[np.void]] = {}
    for error, status in {(int(e), int(s)) for e, s in zip(failed["error"], statuses, strict=True)}:
        rows = failed[(failed["error"] == error) & (statuses == status)]
        kind = error_kind(error, status)
        found[kind] = np.concatenate([found[kind], rows]) if kind in found else rows
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))
