"""Rows from the files of several workers, against one sorted array in memory; and how much memory reading them takes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisbench.records import rows as rows_module
from aisbench.records.rows import Rows, RowsFile
from tests.analysis.made_runs import made_rows, write_rows

KEYS = st.one_of(
    st.integers(-40, 39),
    st.builds(slice, *[st.one_of(st.none(), st.integers(-50, 50))] * 2),
    st.builds(slice, st.none(), st.none(), st.sampled_from([-3, -1, 2, 7])),
    st.lists(st.integers(0, 39), max_size=60).map(lambda index: np.array(index, np.int64)),
    st.lists(st.booleans(), min_size=40, max_size=40).map(np.array),
)


@given(data=st.data(), workers=st.integers(1, 4), in_order=st.booleans(), key=KEYS)
@settings(max_examples=150, deadline=None)
def test_every_way_of_reading_agrees_with_one_sorted_array(
    data: Any, workers: int, in_order: bool, key: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = made_rows(np.arange(40.0))
    owners = np.array(data.draw(st.lists(st.integers(0, workers - 1), min_size=40, max_size=40)))
    folder = tmp_path_factory.mktemp("rows")
    files = []
    for worker in range(workers):
        mine = np.flatnonzero(owners == worker)
        if not in_order:
            mine = np.array(data.draw(st.permutations(mine.tolist())), np.int64)
        write_rows(folder / f"{worker}.bin", whole[mine], spare_rows=3)
        files.append(RowsFile.open(folder / f"{worker}.bin"))
    with pytest.MonkeyPatch.context() as patch:
        # So that a few rows are several blocks.
        patch.setattr(rows_module, "_BLOCK", 7)
        rows = Rows(files)
        assert np.array_equal(rows[key], whole[key])
        assert np.array_equal(np.array(list(rows)), whole)
        for name in whole.dtype.names or ():
            assert np.array_equal(rows[name], whole[name])
    assert rows.by_worker(list(range(workers))).tolist() == owners.tolist()


def test_a_row_beyond_the_last_is_an_error(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.bin", made_rows([0.0, 1.0]), spare_rows=0)
    rows = Rows([RowsFile.open(tmp_path / "rows.bin")])
    with pytest.raises(IndexError):
        rows[2]
    with pytest.raises(ValueError, match="read-only"):
        rows["sent_ns"][0] = 1


def test_reading_columns_does_not_bring_in_the_whole_file(tmp_path: Path) -> None:
    """300,000 rows are 65 MB; the columns that are kept, one more and the check of their times are less than 50."""
    rows = np.tile(made_rows(np.arange(1000.0)), 300)
    rows["slot"] = np.arange(len(rows))
    write_rows(tmp_path / "rows.bin", rows, spare_rows=0)
    script = f"""
from pathlib import Path
from aisbench.records.damage import check_times
from aisbench.records.rows import Rows, RowsFile
def peak_kb():
    # Not getrusage's maximum, which begins with that of the process that started this one.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
before = peak_kb()
files = [RowsFile.open(Path({str(tmp_path / "rows.bin")!r}))]
rows = Rows(files)
check_times(Path(), [0], files, rows, int(rows["sent_ns"].min()), None)
for name in rows[0].dtype.names:
    rows[name].sum()
print(peak_kb() - before)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 50_000
