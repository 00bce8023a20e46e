"""What was odd about answers that count all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aisbench._native.memory.recorder import MARKS
from aisbench.analysis.verdict.odd_answers import answer_notes
from aisbench.records.run import Run
from tests.analysis.made_runs import made_rows, write_run


def test_nothing_odd_is_no_note(tmp_path: Path) -> None:
    assert answer_notes(Run.load(write_run(tmp_path, made_rows(np.arange(5) * 10.0)))) == []


def test_each_oddity_is_one_sentence_with_its_count(tmp_path: Path) -> None:
    rows = made_rows(np.arange(10) * 10.0)
    rows["marks"][:3] = MARKS["odd_content_type"]
    rows["marks"][2:4] |= MARKS["body_left_open"]
    rows["late_events"][5] = 4
    rows["attempts"][6] = 2
    # What did not succeed is not counted here.
    rows["status"][9] = 2
    rows["marks"][9] = MARKS["odd_content_type"]
    notes = answer_notes(Run.load(write_run(tmp_path, rows)))
    assert [note.split(" ", 5)[:5] for note in notes] == [
        ["3", "of", "9", "answers", "were"],
        ["2", "of", "9", "answers", "left"],
        ["1", "of", "9", "answers", "went"],
        ["1", "of", "9", "requests", "were"],
    ]
    assert "4 events" in notes[2]
    assert "first send" in notes[3]
