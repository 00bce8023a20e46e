"""E2EL of requests as they finish, from the rows that the workers have mapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import STATUSES
from aisbench.records.histograms import Histogram
from aisbench.records.rows import RowsFile

_IN_FLIGHT, _OK = STATUSES.index("in_flight"), STATUSES.index("ok")


class Finished:
    """Reads each row once when it has finished. Holds the histogram and what is in flight, no rows."""

    def __init__(self) -> None:
        self.e2el = Histogram.empty()
        # By file: how many of its rows were looked at, and which of those had not finished.
        self.seen: dict[Path, int] = {}
        self.pending: dict[Path, NDArray[np.int64]] = {}

    def read(self, paths: list[Path]) -> Histogram:
        """The histogram (ns) of all succeeded requests in the row files `paths` so far."""
        for path in paths:
            rows = RowsFile.open(path).rows
            fresh = np.arange(self.seen.get(path, 0), len(rows))
            index = np.concatenate([self.pending.get(path, np.empty(0, np.int64)), fresh])
            status = rows["status"][index]
            ok = index[status == _OK]
            # The status is written last, when the row's moments stand.
            self.e2el = self.e2el.plus(
                Histogram.of_values(np.maximum(rows["last_token_ns"][ok] - rows["sent_ns"][ok], 0))
            )
            self.seen[path] = len(rows)
            self.pending[path] = index[status == _IN_FLIGHT]
        return self.e2el
