"""A run that is repeated is one that reports can be made of, with as many times the requests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aisbench.records.run import Run
from bench.repeating import repeated
from tests.analysis.made_runs import made_rows, write_run


@pytest.mark.parametrize("ended_ns", [None, 2_000_000_000], ids=["unknown", "known"])
def test_times_go_on_and_the_end_of_sending_may_be_unknown(tmp_path: Path, ended_ns: int | None) -> None:
    source = write_run(tmp_path / "run", made_rows(np.arange(5) * 100.0))
    path = source / "records" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "sending_ended_ns": ended_ns}))
    before, after = Run.load(source), Run.load(repeated(source, tmp_path / "again", 3))
    assert len(after.rows) == 3 * len(before.rows) == 15
    longer_ns = after.info["end_ns"] - before.info["end_ns"]
    assert longer_ns > 0
    assert after.info["sending_ended_ns"] == (None if ended_ns is None else ended_ns + longer_ns)
    assert (np.diff(np.sort(after.rows["sent_ns"])) > 0).all()
