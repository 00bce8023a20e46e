"""The console's lines on sessions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aisbench.report.text.session_lines import cached_share_lines, session_lines
from tests.analysis.made_runs import made_rows
from tests.analysis.sessions.made import measured, three_sessions
from tests.analysis.summaries import summarise


def test_sessions_and_their_time(tmp_path: Path) -> None:
    found = summarise(measured(tmp_path, three_sessions()))
    assert list(session_lines(found)) == [
        "Sessions            3 begun, 1 completed, 1 failed, 1 cut off; 2.00 turns each; in progress mean 1.4, peak 2",
        "Session time (s)    p50 0.52, p90 0.52, p99 0.52, max 0.52; of it, on average, 0.14 waiting for users and tools, "
        "0.02 for a slot",
    ]
    assert list(cached_share_lines(found["ttft_by_cached_share"])) == [
        "TTFT by cached      0 % 50.00, 50 to 60 % 50.00, 70 to 80 % 50.00, 90 to 100 % 50.00 ms (p50)"
    ]


def test_a_run_of_single_requests_has_none(tmp_path: Path) -> None:
    found = summarise(measured(tmp_path, made_rows(np.arange(3) * 10.0), conversations=None))
    assert [*session_lines(found), *cached_share_lines(found["ttft_by_cached_share"])] == []
