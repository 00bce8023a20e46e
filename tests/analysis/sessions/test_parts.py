"""Figures by the place of a turn in its session, and by the share of a prompt that was cached."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.analysis.made_runs import MS, made_rows
from tests.analysis.sessions.made import measured, three_sessions
from tests.analysis.summaries import summarise


def test_turns_by_their_place(tmp_path: Path) -> None:
    rows = three_sessions()
    rows["first_token_ns"][1] += 25 * MS
    found = summarise(measured(tmp_path, rows))["sessions"]["by_turn"]
    assert [(one["from_turn"], one["to_turn"]) for one in found] == [(1, 1), (2, 2), (3, 3)]
    assert [(one["sent"], one["completed"], one["failed"]) for one in found] == [
        (3, 3, 0),
        (2, 1, 1),
        (1, 1, 0),
    ]
    assert [one["prompt_tokens"] for one in found] == [200, 200, 300]
    assert [one["cached_share"] for one in found] == pytest.approx([400 / 600, 108 / 200, 240 / 300])
    assert [one["p90_ttft_ms"] for one in found] == [50, 75, 50]
    # Eight tokens, whose gaps are 10 ms, or (70 - 25) / 7 ms.
    assert [one["mean_tpot_ms"] for one in found] == pytest.approx([10, 45 / 7, 10])


def test_late_turns_are_put_together(tmp_path: Path) -> None:
    rows = made_rows(np.arange(1100) * 10.0)
    rows["conversation"], rows["turn"] = 0, np.arange(1100)
    found = summarise(measured(tmp_path, rows))["sessions"]["by_turn"]
    ranges = [(one["from_turn"], one["to_turn"]) for one in found]
    assert ranges[:2] == [(1, 1), (2, 2)]
    assert ranges[19:23] == [(20, 20), (21, 30), (31, 40), (41, 50)]
    assert ranges[-2:] == [(501, 1000), (1001, 1100)]
    assert [one["completed"] for one in found[19:21]] == [1, 10]
    assert sum(one["completed"] for one in found) == 1100


def test_ttft_by_the_share_that_was_cached(tmp_path: Path) -> None:
    """A share on an edge is in the bin that it ends; nothing cached is a bin of its own."""
    rows = made_rows(np.arange(6) * 10.0, ttft_ms=[200, 180, 150, 120, 100, 20], prompt_tokens=1000)
    rows["cached_tokens"] = [0, 1, 100, 101, -1, 1000]
    found = summarise(measured(tmp_path, rows, conversations=None))["ttft_by_cached_share"]
    assert len(found) == 11
    assert [(one["from_share"], one["to_share"]) for one in (found[0], found[1], found[10])] == [
        (0, 0), (0, 0.1), (0.9, 1),
    ]  # fmt: skip
    assert [one["requests"] for one in found] == [1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [found[at]["p50_ttft_ms"] for at in (0, 1, 2, 3, 10)] == [200, 165, 120, None, 20]
    assert found[1]["uncached_tokens"] == (999 + 900) / 2
    assert found[1]["ttft_ms_per_1000_uncached"] == pytest.approx(1000 * 330 / 1899)
    assert found[10]["ttft_ms_per_1000_uncached"] is None, "all of it was cached"


def test_without_cached_tokens_there_are_no_bins(tmp_path: Path) -> None:
    found = measured(tmp_path, made_rows(np.arange(3) * 10.0))
    assert summarise(found)["ttft_by_cached_share"] is None
