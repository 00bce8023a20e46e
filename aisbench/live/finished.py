"""Collects E2EL of requests as they finish, from the rows that the workers map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import STATUSES
from aisbench.records.histograms import Histogram
from aisbench.records.rows import RowsFile

_IN_FLIGHT, _OK = STATUSES.index("in_flight"), STATUSES.index("ok")


class Finished:
    """A histogram of E2EL that grows with each `read`.

    Counts each row once, when it has finished. Keeps the histogram and the indexes of rows in flight, but no rows.
    """

    def __init__(self) -> None:
        self.e2el = Histogram.empty()
        # For each file, the number of rows read so far, and the indexes of those that had not finished.
        self.seen: dict[Path, int] = {}
        self.pending: dict[Path, NDArray[np.int64]] = {}

    def read(self, paths: list[Path]) -> Histogram:
        """The histogram (ns) of all requests in the row files `paths` that have succeeded so far."""
        for path in paths:
            rows = RowsFile.open(path).rows
            fresh = np.arange(self.seen.get(path, 0), len(rows))
            index = np.concatenate([self.pending.get(path, np.empty(0, np.int64)), fresh])
            status = rows["status"][index]
            ok = index[status == _OK]
            # A worker writes the status last, so these rows' moments are final.
            self.e2el = self.e2el.plus(
                Histogram.of_values(np.maximum(rows["last_token_ns"][ok] - rows["sent_ns"][ok], 0))
            )
            self.seen[path] = len(rows)
            self.pending[path] = index[status == _IN_FLIGHT]
        return self.e2el
