"""Files of more than 4 GiB: what lies beyond is found. The files are sparse, so they take no room."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from aisbench._native.memory.bodies import BodyFile
from aisbench._native.memory.recorder import ROWS_HEADER_BYTES, ROWS_HEADER_FIELDS
from aisbench.analysis.tokens import each_gaps_ns
from aisbench.records.rows import RowsFile
from aisbench.records.run import Run
from aisbench.records.texts import KeptAnswer, each_answer
from tests.analysis.made_runs import MS, made_rows, write_rows, write_run

BEYOND = 5 << 30


def test_bodies(tmp_path: Path) -> None:
    path = tmp_path / "bodies.bin"
    with path.open("wb") as file:
        file.write(b"AISBODY1" + struct.pack("<4q", 2, 40, BEYOND, BEYOND + 4))
        file.seek(BEYOND)
        file.write(b"last")
    assert BodyFile(str(path))[1] == b"last"


def test_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.bin"
    two = made_rows([0.0, 1.0])
    write_rows(path, two, spare_rows=0)
    at = BEYOND // two.itemsize
    with path.open("r+b") as file:
        header = np.frombuffer(file.read(np.dtype(ROWS_HEADER_FIELDS).itemsize), ROWS_HEADER_FIELDS).copy()
        header["rows"] = at + 2
        file.seek(0)
        file.write(header.tobytes())
        file.seek(ROWS_HEADER_BYTES + at * two.itemsize)
        file.write(two.tobytes())
    opened = RowsFile.open(path)
    assert len(opened.rows) == at + 2
    assert np.array_equal(opened.stretch(at, at + 2), two)
    assert np.array_equal(
        opened.picked(np.array([at + 1, 3, at])), [two[1], np.zeros(1, two.dtype)[0], two[0]]
    )


def test_answers_and_token_times(tmp_path: Path) -> None:
    folder = write_run(
        tmp_path / "run",
        made_rows([0.0, 1.0]),
        texts=[("first", ""), ("last", "why")],
        token_times=True,
        gaps=[np.full(7, MS), np.full(7, 2 * MS)],
    )
    records = folder / "records"
    rows = RowsFile.open(records / "rows-0.bin").stretch(0, 2)
    for name, where, each in (("text", "text_log_at", 1), ("tokens", "token_log_at", 4)):
        # The second entry moves to beyond 4 GiB, and for token times to beyond 2**32 entries too.
        path, begin = records / f"{name}-0.bin", int(rows[where][1]) * each
        with path.open("r+b") as file:
            file.seek(begin)
            entry = file.read()
            file.truncate(begin)
            file.seek(BEYOND * each)
            file.write(entry)
        rows[where][1] = BEYOND
    write_rows(records / "rows-0.bin", rows, spare_rows=0)
    run = Run.load(folder)
    assert list(each_answer(run)) == [KeptAnswer("first", ""), KeptAnswer("last", "why")]
    assert [gaps.tolist() for gaps in each_gaps_ns(run)] == [[MS] * 7, [2 * MS] * 7]
