"""Turns that were not asked, and turns without an answer before them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aisbench.analysis.blocks.counts import requests_block
from aisbench.analysis.blocks.turns import turn_notes
from aisbench.records.run import Run
from tests.analysis.made_runs import made_rows, write_run


def made_run(
    folder: Path, *, planned: int, failed: tuple[int, ...] = (), silent: tuple[int, ...] = ()
) -> Run:
    """Conversation 0 with three turns, 1 with two, 2 with one, in this order."""
    rows = made_rows(np.arange(6) * 10.0)
    rows["conversation"] = [0, 0, 0, 1, 1, 2]
    rows["turn"] = [0, 1, 2, 0, 1, 0]
    rows["status"][list(failed)] = 2
    rows["reasoning_events"][list(silent)] = rows["content_events"][list(silent)]
    return Run.load(write_run(folder, rows, conversations=3, planned_requests=planned))


def test_what_went_well_is_no_note(tmp_path: Path) -> None:
    run = made_run(tmp_path, planned=6)
    assert turn_notes(run) == []
    assert requests_block(run)["not_sent"] == 0


def test_turns_after_a_failed_one_are_counted(tmp_path: Path) -> None:
    run = made_run(tmp_path, planned=9, failed=(4, 5))
    assert requests_block(run)["not_sent"] == 3
    (note,) = turn_notes(run)
    assert note.startswith("3 turns were not sent: 2 conversations had a turn that failed")


def test_answers_that_were_all_reasoning_are_counted_where_a_turn_came_after(tmp_path: Path) -> None:
    (note,) = turn_notes(made_run(tmp_path, planned=6, silent=(0, 1, 2, 5)))
    assert note.startswith("2 answers were all reasoning: later turns were sent without")


def test_requests_of_their_own_are_no_turns(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path, made_rows(np.arange(3) * 10.0), planned_requests=9))
    assert turn_notes(run) == []
    assert requests_block(run)["not_sent"] == 6
