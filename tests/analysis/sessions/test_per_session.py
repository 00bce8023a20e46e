"""The figures of single sessions, against times and tokens that were set by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.sessions.per_session import OUTCOMES, PerSession
from aisbench.workload.prompts import Conversations
from tests.analysis.made_runs import MS, made_rows
from tests.analysis.sessions.made import ANSWER_MS, measured, three_sessions
from tests.analysis.summaries import summarise


def sessions(folder: Path, rows: np.ndarray, plan: Conversations | None = None) -> PerSession:
    found = measured(folder, rows, plan).sessions
    assert found is not None
    return found


def test_each_column_of_three_sessions(tmp_path: Path) -> None:
    found = sessions(tmp_path, three_sessions())
    assert found.number.tolist() == [0, 1, 2]
    assert found.planned.tolist() == [3, 3, 3]
    assert found.completed.tolist() == [3, 1, 1]
    assert found.failed.tolist() == [0, 1, 0]
    assert found.not_sent.tolist() == [0, 1, 2]
    assert [OUTCOMES[code] for code in found.outcome] == ["completed", "failed", "cut"]
    assert (found.begin_ns // MS).tolist() == [0, 100, 500]
    assert (found.end_ns // MS).tolist() == [520, 310, 620]
    # Due 80 ms after the first answer and sent 20 ms late; then 60 ms after the second.
    assert (found.waiting_ns // MS).tolist() == [140, 80, 0]
    assert (found.queued_ns // MS).tolist() == [20, 0, 0]
    assert found.prompt_tokens.tolist() == [600, 100, 400]
    assert found.output_tokens.tolist() == [24, 8, 8]
    assert found.cached_tokens.tolist() == [348, 0, 400]
    assert found.context_tokens.tolist() == [308, 108, 408]
    assert found.first_ttft_ms.tolist() == [50, 50, 50]
    assert found.later_ttft_ms[0] == 50
    assert np.isnan(found.later_ttft_ms[1:]).all(), "no later turn was answered"
    assert found.e2el_ms.tolist() == pytest.approx([3 * ANSWER_MS, ANSWER_MS, ANSWER_MS])


def test_turns_side_by_side_leave_no_pause(tmp_path: Path) -> None:
    """Two sub-agents overlap, and what joins them comes 10 ms after the later one."""
    after, fills = (
        (np.array([0, 0, 1, 2, 4]), np.array([0, 0, 1, 2])),
        (np.zeros(5, np.int64), np.zeros(0, np.int64)),
    )
    plan = Conversations(np.array([0, 4]), np.zeros(4, np.int64), *after, *fills)
    rows = made_rows([0, 120, 150, 280], lag_ms=0)
    rows["done_ns"] = rows["last_token_ns"]
    rows["conversation"], rows["turn"] = 0, np.arange(4)
    found = sessions(tmp_path, rows, plan)
    assert (found.waiting_ns // MS).tolist() == [10]
    assert found.outcome.tolist() == [0]


def test_a_run_bounded_by_time_begins_the_workload_again(tmp_path: Path) -> None:
    rows = made_rows(np.arange(2) * 10.0)
    rows["conversation"] = [2, 3]
    plan = Conversations(np.array([0, 1, 3, 6]), np.zeros(6, np.int64))
    assert sessions(tmp_path, rows, plan).planned.tolist() == [3, 1]


def test_without_a_plan_nothing_is_known_of_turns_that_were_not_sent(tmp_path: Path) -> None:
    found = measured(tmp_path, three_sessions())
    (found.run.records / "turns.bin").unlink()
    assert found.sessions is not None
    assert found.sessions.planned.tolist() == found.sessions.not_sent.tolist() == [-1, -1, -1]
    assert found.sessions.outcome.tolist() == [0, 1, 0]


def test_the_block(tmp_path: Path) -> None:
    block = summarise(measured(tmp_path, three_sessions()))["sessions"]
    assert (block["planned"], block["begun"]) == (3, 3)
    assert (block["completed"], block["failed"], block["cut"]) == (1, 1, 1)
    assert block["turns"]["max"] == 3
    assert block["turns"]["mean"] == 2
    assert block["duration_s"]["p50"] == pytest.approx(0.52)
    assert block["waiting_s"]["max"] == pytest.approx(0.14)
    assert block["queued_s"]["max"] == pytest.approx(0.02)
    # 520, 210 and 120 ms of 620.
    assert block["in_progress_mean"] == pytest.approx(850 / 620)
    assert block["in_progress_max"] == 2


def test_runs_without_sessions_have_no_block(tmp_path: Path) -> None:
    found = measured(tmp_path, made_rows(np.arange(3) * 10.0), conversations=None)
    assert found.sessions is None
    assert summarise(found)["sessions"] is None
