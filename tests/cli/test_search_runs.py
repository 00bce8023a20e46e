"""What a search takes from its first look at the server."""

from __future__ import annotations

import numpy as np
import pytest

from aisbench.analysis.saturation.step import Sample
from aisbench.cli.search_runs import sounded


def measured(completed: int, e2el_ms: list[float]) -> Sample:
    return Sample(
        seconds=15.0,
        latencies={"ttft": np.full(len(e2el_ms), 100.0), "e2el": np.array(e2el_ms)},
        due=len(e2el_ms),
        failed=0,
        good=0,
        completed=completed,
        output_tokens=0,
        in_flight_mean=64.0,
        backlog_rates=np.zeros(0),
    )


def test_a_slow_server_is_sounded_though_no_request_both_began_and_ended() -> None:
    # 64 in flight at 4 requests/s: each takes 16 s, and the measured half is 15 s long.
    found = sounded(measured(60, [np.inf] * 64))
    assert found == (pytest.approx(4.0), pytest.approx(16.0))


def test_a_server_that_answers_nothing_is_not() -> None:
    assert sounded(measured(0, [np.inf] * 64)) is None
