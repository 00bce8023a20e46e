"""The append-only logs of token gaps and of texts."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aisbench.analysis.tokens import each_gaps_ns, gaps_ns, logged_gaps_ns
from aisbench.records.run import Run
from tests.analysis.made_runs import fail, made_rows, write_run


@given(st.integers(0, 2_000_000_000_000))
def test_a_gap_comes_back_to_the_microsecond(gap: int) -> None:
    raw = gap if gap < 1 << 31 else gap // 1000 | 1 << 31
    back = int(gaps_ns(np.array([raw], np.uint32))[0])
    assert back == gap if gap < 1 << 31 else 0 <= gap - back < 1000


def test_gaps_find_their_requests_over_workers(tmp_path: Path) -> None:
    rows = made_rows(np.arange(7.0), tokens=[1, 2, 3, 4, 5, 6, 7])
    fail(rows, 3, "timeout")
    gaps = [
        np.arange(max(0, int(row["content_events"]) - 1)) * 1000 + 10 * slot for slot, row in enumerate(rows)
    ]
    run = Run.load(write_run(tmp_path / "run", rows, gaps=gaps, workers=3, token_times=True))
    assert [found.tolist() for found in each_gaps_ns(run)] == [gap.tolist() for gap in gaps]
    pooled = logged_gaps_ns(run)
    assert pooled is not None
    assert sorted(pooled.tolist()) == sorted(np.concatenate(gaps).tolist())


def test_a_log_that_lacks_some_gaps_is_not_taken_for_whole(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows([0.0, 1.0]), token_times=True)
    log = folder / "records/tokens-0.bin"
    log.write_bytes(log.read_bytes()[:-4])
    assert logged_gaps_ns(Run.load(folder)) is None
