"""Reads the answers that a run has recorded so far, while it goes on, after it ended, or after it was killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import STATUSES
from aisbench._native.protocol.finish import FINISHES
from aisbench.accuracy.question import Answer
from aisbench.backends.tool_calls import in_chat_form
from aisbench.errors import BadInput
from aisbench.records.reading import ROWS_NAME
from aisbench.records.rows import RowsFile
from aisbench.records.texts import KeptAnswer, parse_answer

_OK, _IN_FLIGHT = STATUSES.index("ok"), STATUSES.index("in_flight")


class Harvest:
    """Returns each answer of the run in `folder` once."""

    def __init__(self, folder: Path) -> None:
        self._records = folder / "records"
        self._workers: dict[str, _Worker] = {}

    def new(self) -> dict[int, Answer]:
        """The answers that arrived since the last call, by their place in the plan. Failed requests have none."""
        found: dict[int, Answer] = {}
        # Before the run has begun, there are no files.
        for path in sorted(self._records.glob("rows-*.bin")):
            if match := ROWS_NAME.match(path.name):
                worker = self._workers.setdefault(
                    match[1], _Worker(path, self._records / f"text-{match[1]}.bin")
                )
                found |= worker.new()
        return found


class _Worker:
    """The records of one worker. Rows that cannot change any more are read once."""

    def __init__(self, rows: Path, texts: Path) -> None:
        self._rows = rows
        self._texts = texts
        # How many rows were looked at, and those of them that are not settled yet.
        self._seen = 0
        self._open: NDArray[np.int64] = np.empty(0, np.int64)

    def new(self) -> Iterator[tuple[int, Answer]]:
        """The new answers, each with its place in the plan."""
        try:
            file = RowsFile.open(self._rows)
        except (BadInput, OSError):
            # It has just been created, or another version wrote it.
            return
        looked = np.concatenate([self._open, np.arange(self._seen, len(file.rows))])
        self._seen = max(self._seen, len(file.rows))
        unsettled = []
        for at, row in zip(looked.tolist(), file.picked(looked), strict=True):
            if row["status"] == _IN_FLIGHT:
                unsettled.append(at)
            elif row["status"] == _OK:
                kept = self._text(int(row["text_log_at"]), int(row["text_log_bytes"]))
                if kept is None:
                    unsettled.append(at)
                    continue
                said = parse_answer(kept) if kept else KeptAnswer()
                calls = in_chat_form(said.tool_calls)
                yield int(row["slot"]), Answer(said.content, said.reasoning, FINISHES[row["finish"]], calls)
        self._open = np.array(unsettled, np.int64)

    def _text(self, at: int, size: int) -> bytes | None:
        """None if the text is not on disk yet: workers write texts once a second."""
        if at < 0 or size == 0:
            return b""
        try:
            with self._texts.open("rb") as file:
                file.seek(at)
                kept = file.read(size)
        except FileNotFoundError:
            return None
        return kept if len(kept) == size else None
