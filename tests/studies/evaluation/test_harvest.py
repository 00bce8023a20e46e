"""Answers are read as they are recorded, and each row that is settled once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aisbench._native.memory.recorder import ROWS_HEADER_BYTES, ROWS_HEADER_FIELDS, ROWS_MAGIC, STATUSES
from aisbench._native.protocol.finish import FINISHES
from aisbench.accuracy.question import Answer
from aisbench.records.rows import RowsFile
from aisbench.studies.evaluation.harvest import Harvest
from tests.analysis.made_runs import empty_rows

OK, FAILED, IN_FLIGHT = (STATUSES.index(name) for name in ("ok", "failed", "in_flight"))


def write(folder: Path, rows: np.ndarray, texts: bytes) -> None:
    header = np.zeros(1, np.dtype(ROWS_HEADER_FIELDS))
    header["magic"], header["row_bytes"], header["rows"] = ROWS_MAGIC, rows.itemsize, len(rows)
    folder.mkdir(exist_ok=True)
    content = header.tobytes().ljust(ROWS_HEADER_BYTES, b"\0") + rows.tobytes()
    (folder / "rows-0.bin").write_bytes(content)
    (folder / "text-0.bin").write_bytes(texts)


def test_it_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    picked = RowsFile.picked

    def counted(self: RowsFile, index: NDArray[np.int64]) -> NDArray[np.void]:
        read.append(len(index))
        return picked(self, index)

    monkeypatch.setattr(RowsFile, "picked", counted)
    texts = [json.dumps({"content": f"answer {at}"}).encode() for at in range(6)]
    rows = empty_rows(6)
    rows["slot"] = [5, 4, 3, 2, 1, 0]
    rows["text_log_bytes"] = [len(text) for text in texts]
    rows["text_log_at"] = np.cumsum([0, *map(len, texts[:-1])])
    rows["status"] = [OK, FAILED, IN_FLIGHT, OK, OK, OK]
    harvest = Harvest(tmp_path)
    assert harvest.new() == {}, "the run has not begun"
    # The text of the fourth row is not on disk yet.
    write(tmp_path / "records", rows[:4], b"".join(texts[:3]))
    assert harvest.new() == {5: Answer("answer 0", "", FINISHES[0])}
    rows["status"][2] = OK
    write(tmp_path / "records", rows, b"".join(texts))
    assert {at: one.text for at, one in harvest.new().items()} == {
        3: "answer 2",
        2: "answer 3",
        1: "answer 4",
        0: "answer 5",
    }
    assert harvest.new() == {}
    assert read == [4, 4, 0]
