from __future__ import annotations

import numpy as np

from aisbench._native.memory.recorder import ROW_BYTES, ROW_FIELDS


def test_the_numpy_row_is_the_native_row() -> None:
    row = np.dtype(ROW_FIELDS)
    assert row.itemsize == ROW_BYTES
    assert row.fields is not None
    offsets = [row.fields[name][1] for name, *_ in ROW_FIELDS]
    assert offsets == sorted(offsets)
    # Natural alignment: numpy's packed layout and the C compiler's are the same.
    assert all(row.fields[name][1] % row.fields[name][0].alignment == 0 for name, *_ in ROW_FIELDS)
