"""What the live view reads while a run goes on: rates over a time that can carry them, and nothing as nothing."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from aisbench._native.memory.shared import LIVE_FIELDS
from aisbench.live.reader import LiveReader
from aisbench.live.terminal import plain_line
from tests.analysis.made_runs import SECOND, START_NS, fail, made_rows, write_run


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time that the reader sees, ns."""
    found = [START_NS]
    monkeypatch.setattr(time, "monotonic_ns", lambda: found[0])
    return found


def reader_of(folder: Path) -> LiveReader:
    return LiveReader(
        folder / "records", start_ns=START_NS, planned=40, asked_rate=None, limit=8, duration_s=None
    )


def test_two_snapshots_at_once_make_no_spike(tmp_path: Path, now: list[int]) -> None:
    reader = reader_of(write_run(tmp_path / "run", made_rows(np.zeros(4))))
    counters = np.zeros(1, np.dtype(LIVE_FIELDS))
    for second in range(1, 4):
        now[0] = START_NS + second * SECOND
        counters["sent"], counters["token_events"] = 10 * second, 2_000 * second
        snapshot = reader.snapshot(counters)
        assert (snapshot.achieved_rate, snapshot.tokens_per_s) == (10.0, 2_000.0)
    # The last snapshot comes 5 ms later, with the tokens of one more batch.
    now[0] += SECOND // 200
    counters["token_events"] += 100
    assert reader.snapshot(counters).tokens_per_s == 2_000.0
    # And what came then is not lost.
    now[0] += SECOND * 199 // 200
    assert reader.snapshot(counters).tokens_per_s == 100.0


def test_before_anything_came_there_are_no_figures(tmp_path: Path, now: list[int]) -> None:
    rows = made_rows(np.zeros(1))
    fail(rows, [0], "timeout")
    first = reader_of(write_run(tmp_path / "run", rows)).snapshot(np.zeros(1, np.dtype(LIVE_FIELDS)))
    line = plain_line(first)
    assert "rate - (no fixed target)" in line
    assert "tokens - |" in line
    assert "TTFT p50 / p99 - / - | ITL p50 / p99 - / -" in line
