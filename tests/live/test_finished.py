"""E2EL of requests as they finish, and what the live view makes of a run that goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench._native.memory.recorder import STATUSES
from aisbench._native.memory.shared import LIVE_FIELDS
from aisbench.live.finished import Finished
from aisbench.live.reader import LiveReader
from aisbench.records.histograms import Histogram
from aisbench.records.run import Run
from tests.analysis.made_runs import MS, START_NS, base_config, fail, made_rows, write_rows, write_run

IN_FLIGHT, OK = STATUSES.index("in_flight"), STATUSES.index("ok")


def test_each_request_counts_once_when_it_has_finished(tmp_path: Path) -> None:
    rows = made_rows(np.arange(6) * 10.0, lag_ms=0.0, ttft_ms=20.0, itl_ms=10.0, tokens=[2, 3, 4, 5, 6, 7])
    fail(rows, 5, "timeout")
    rows["status"][[1, 3]] = IN_FLIGHT
    path = tmp_path / "rows-0.bin"
    finished = Finished()

    def count(upto: int) -> tuple[int, int]:
        write_rows(path, rows[:upto], spare_rows=10)
        found = finished.read([path])
        return found.count, found.max_ns // MS

    assert count(3) == (2, 50)
    assert finished.pending[path].tolist() == [1]
    assert count(3) == (2, 50)
    rows["status"][1] = OK
    assert count(6) == (4, 70)
    rows["status"][3] = OK
    assert count(6) == (5, 70)
    assert len(finished.pending[path]) == 0
    # 30, 40, 50, 60 and 70 ms.
    assert finished.e2el.mean_ns == pytest.approx(50 * MS)


def test_a_histogram_of_values_is_the_core_s(tmp_path: Path) -> None:
    rows = made_rows(np.arange(50) * 10.0, ttft_ms=np.linspace(0.001, 900, 50))
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config()))
    made = Histogram.of_values(rows["first_token_ns"] - rows["sent_ns"])
    kept = run.histograms["ttft"]
    assert (made.count, made.sum_ns, made.min_ns, made.max_ns) == (
        kept.count,
        kept.sum_ns,
        kept.min_ns,
        kept.max_ns,
    )
    assert np.array_equal(made.buckets, kept.buckets)
    assert Histogram.of_values(np.empty(0, np.int64)).count == 0


def test_counts_up_to_edges() -> None:
    histogram = Histogram.of_values(np.array([5, 10, 100_000, 10**12]))
    assert histogram.counts_up_to([4, 5, 10, 200_000, 2e12]) == [0, 1, 2, 3, 4]


def test_a_snapshot_tells_the_recent_apart_from_the_whole(tmp_path: Path) -> None:
    rows = made_rows(np.arange(40) * 10.0, lag_ms=0.0, ttft_ms=50.0, itl_ms=10.0, tokens=4)
    folder = write_run(tmp_path / "run", rows, config=base_config())
    reader = LiveReader(
        folder / "records", start_ns=START_NS, planned=40, asked_rate=None, limit=8, duration_s=None
    )
    live = np.zeros(1, np.dtype(LIVE_FIELDS))
    live["sent"], live["ok"], live["token_events"] = 40, 38, 160
    first = reader.snapshot(live)
    assert first.e2el_p50_ms == pytest.approx(80, rel=1e-3)
    assert first.ttft_recent_ms == pytest.approx(50)
    assert first.itl_recent_ms == pytest.approx(10)
    assert first.token_events == 160
    # Nothing came since.
    assert reader.snapshot(live).ttft_recent_ms is None
    assert reader.snapshot(live).ttft_p50_ms == pytest.approx(50, rel=1e-3)
