"""sessions.csv and turns.csv."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from aisbench.report.files.write import write_all
from tests.analysis.made_runs import made_rows, write_run
from tests.analysis.sessions.made import measured, three_sessions


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_for_each_session_and_each_turn(tmp_path: Path) -> None:
    folder = measured(tmp_path / "run", three_sessions()).run.folder
    summary = write_all(folder)
    first, second, third = read(folder / "sessions.csv")
    assert first == {
        "session": "0", "outcome": "completed",
        "turns_planned": "3", "turns_completed": "3", "turns_failed": "0", "turns_cut": "0", "turns_not_sent": "0",
        "begin_s": "0.0", "end_s": "0.52", "duration_s": "0.52", "waiting_s": "0.14", "queued_s": "0.02",
        "prompt_tokens": "600", "output_tokens": "24", "cached_tokens": "348", "context_tokens": "308",
        "first_ttft_ms": "50.0", "later_ttft_ms": "50.0", "e2el_ms": "360.0",
    }  # fmt: skip
    assert (second["outcome"], second["turns_not_sent"], second["later_ttft_ms"]) == ("failed", "1", "")
    assert (third["outcome"], third["turns_not_sent"]) == ("cut", "2")
    turns = read(folder / "turns.csv")
    assert [row["to_turn"] for row in turns] == ["1", "2", "3"]
    assert [float(row["cached_share"]) for row in turns] == [
        one["cached_share"] for one in summary["sessions"]["by_turn"]
    ]


def test_what_an_earlier_report_left_goes(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows(np.arange(3) * 10.0))
    for name in ("sessions.csv", "turns.csv"):
        (folder / name).write_text("old")
    write_all(folder)
    assert not (folder / "sessions.csv").exists()
    assert not (folder / "turns.csv").exists()
