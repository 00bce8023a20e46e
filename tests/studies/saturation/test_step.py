"""What a step's records come to: its second half, and how far the server came with what it was asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench._native.memory.recorder import STATUSES
from aisbench.analysis.measured import Measured
from aisbench.analysis.progress import progress
from aisbench.records.run import Run
from aisbench.studies.saturation.step import Sample
from aisbench.studies.slo.terms import parse_slo
from tests.analysis.made_runs import SECOND, START_NS, base_config, fail, made_rows, write_run

MS = 1_000_000


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Ten requests/s for four seconds, each with its first token after 50 ms and its last after 120; number 25 fails
    at once, and the last two are cut off, one of them after half of its tokens."""
    rows = made_rows(np.arange(40) * 100.0, lag_ms=0.0, ttft_ms=50.0, itl_ms=10.0, tokens=8)
    fail(rows, [25], "http_status", http_status=500)
    rows["done_ns"][25] = rows["sent_ns"][25] + MS
    fail(rows, [39], "none")
    rows["status"][38:] = STATUSES.index("cancelled")
    rows["content_events"][38] = 4
    rows["last_token_ns"][38] = rows["first_token_ns"][38] + 30 * MS
    rows["done_ns"][38:] = START_NS + 4 * SECOND
    config = base_config(rate=10.0)
    return Run.load(write_run(tmp_path / "run", rows, config=config, sending_ended_ns=START_NS + 4 * SECOND))


def test_the_second_half_is_measured(run: Run) -> None:
    sample = Sample.of(Measured(run), parse_slo("ttft_p99<60 error_rate<0.1"))
    assert sample.seconds == pytest.approx(2.0)
    assert (sample.due, sample.failed) == (20, 1)
    # 17 were answered, and one of the two that were cut off had its first token.
    assert np.count_nonzero(np.isfinite(sample.latencies["ttft"])) == 18
    assert np.count_nonzero(np.isfinite(sample.latencies["e2el"])) == 17
    assert len(sample.latencies["e2el"]) == 19, "what was cut off counts as infinitely slow"
    assert sample.good == 17
    assert sample.flow.due.mean() == pytest.approx(10.0)
    # The cut ones: half of one, and nothing of the other. Number 19 has its last 20 of 70 ms inside.
    assert sample.flow.done.mean() * 2.0 == pytest.approx(18 + 0.5 + 20 / 70)


def test_an_answer_counts_over_its_tokens_and_a_cut_one_as_far_as_it_came(run: Run) -> None:
    done = progress(run, 4 * SECOND)
    at_ms = np.array([49.9, 50.0, 85.0, 120.0, 2500.9, 2501.1, 3999.0, 4001.0])
    worth = done.until(at_ms * MS)
    assert worth[:4] == pytest.approx([0.0, 0.0, 0.5, 1.0])
    # The failure counts when it came.
    assert worth[5] - worth[4] == pytest.approx(1.0, abs=0.01)
    assert worth[-1] == pytest.approx(38 + 0.5)
    assert worth[-1] == worth[-2]
