"""Damage to the files of records that their contents show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.records.rows import Rows, RowsFile

# A run that never wrote its end is not longer than this.
_LONGEST_NS = 366 * 86_400 * 1_000_000_000
# How far times may lie outside of the run, for planned requests that were never sent and clocks that were corrected.
_MARGIN_NS = 3600 * 1_000_000_000
_TIMES = ("sent_ns", "first_token_ns", "last_token_ns", "done_ns")


def check_times(
    records: Path, workers: list[int], files: list[RowsFile], rows: Rows, start_ns: int, end_ns: int | None
) -> None:
    """Raises BadInput for times that are not of this run, from which endless series would be made."""
    first_ns, last_ns = start_ns - _MARGIN_NS, (end_ns or start_ns + _LONGEST_NS) + _MARGIN_NS

    def outside(times: NDArray[np.int64]) -> bool:
        known = times != 0
        if not known.any():
            return False
        limits = np.iinfo(np.int64)
        low = times.min(initial=limits.max, where=known)
        high = times.max(initial=limits.min, where=known)
        return not first_ns < low <= high < last_ns

    # The columns of all files, which are kept: to look into each file would bring all of it into memory.
    wrong = [name for name in _TIMES if outside(rows[name])]
    for worker, file in zip(workers, files, strict=True):
        path = records / f"rows-{worker}.bin"
        if file.origin_ns and not first_ns < file.origin_ns < last_ns:
            raise BadInput(f"{path} is damaged: its start is not within the times of run.json")
        for name in wrong:
            if outside(file.rows[name]):
                raise BadInput(f"{path} is damaged: a {name} is not within the times of run.json")


def notes_on_losses(
    workers: list[int], files: list[RowsFile], rows: Rows, flow: NDArray[np.int64]
) -> Iterator[str]:
    """What the records had when they were written and have no more."""
    for worker, file in zip(workers, files, strict=True):
        if file.lost is None:
            yield f"records/rows-{worker}.bin is cut short: the requests of worker {worker} are in no figure"
        elif file.lost > 0:
            yield (
                f"records/rows-{worker}.bin is cut short: {file.lost} of its {file.lost + len(file.rows)} requests are in no "
                "figure"
            )
    there, counted = int(flow.sum()), int(rows["content_events"].sum())
    if there < counted and all(file.lost == 0 for file in files):
        yield (
            f"records/flow-*.bin has {there} of {counted} token events, so the figures of tokens over time are too low"
        )
