"""A run of agents with sub-agents against the simulator's prefix cache, and what its report says of the sessions."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.charts.sessions.lanes import lanes
from aisbench.report.charts.source import RunSource
from tests.simulators import start_simulator
from tests.system.running import run_load

SESSIONS = 3
WAITING_S = 0.05


def write_sessions(path: Path) -> None:
    """Sessions with a sub-agent that a later turn waits for, and a pause before the last turn."""
    turns: list[dict[str, Any]] = [
        {"id": "plan", "messages": [{"role": "user", "content": "plan " * 200}]},
        {
            "id": "sub",
            "continues": None,
            "after": ["plan"],
            "messages": [{"role": "user", "content": "do it"}],
        },
        {"id": "join", "continues": "plan", "messages": [{"role": "user", "answer_of": "sub"}]},
        {"continues": "join", "think_s": WAITING_S, "messages": [{"role": "user", "content": "and now?"}]},
    ]
    sessions = (
        {"session": f"s{i}", "turns": [{**turn, "output_tokens": 6} for turn in turns]}
        for i in range(SESSIONS)
    )
    path.write_text("".join(json.dumps(one) + "\n" for one in sessions))


def test_sessions_in_files_summary_console_and_lanes(tmp_path: Path) -> None:
    write_sessions(tmp_path / "s.jsonl")
    with start_simulator(["--prefix-cache-tokens", "20000", "--decode-base-ms", "2"]) as server:
        run = run_load(
            tmp_path / "out",
            *(
                "--url",
                server.url,
                "--backend",
                "openai-chat",
                "--rate",
                "inf",
                "--concurrency",
                1,
                "--no-progress",
            ),
            *("--dataset", "sessions", "--dataset-path", tmp_path / "s.jsonl"),
        )
    assert run.code == 0, run.err
    assert f"Sessions            {SESSIONS} begun, {SESSIONS} completed; 4.00 turns each" in run.out
    assert "TTFT by cached      0 %" in run.out
    block = run.summary["sessions"]
    assert (block["planned"], block["begun"], block["completed"]) == (SESSIONS, SESSIONS, SESSIONS)
    assert block["in_progress_max"] == 1, "one slot, one session at a time"
    assert block["waiting_s"]["min"] == pytest.approx(WAITING_S, abs=0.03)
    shares = [one["cached_share"] for one in block["by_turn"]]
    assert len(shares) == 4
    # The last turn repeats all of the turn before it; the sub-agent's short prompt has no whole block in common.
    assert shares[3] > 0.9 > 0.1 > shares[1]
    assert sum(one["requests"] for one in run.summary["ttft_by_cached_share"]) == 4 * SESSIONS
    with (run.folder / "sessions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["session"] for row in rows] == ["0", "1", "2"]
    for row in rows:
        assert (row["outcome"], row["turns_planned"], row["turns_completed"]) == ("completed", "4", "4")
        assert float(row["e2el_ms"]) / 1e3 + float(row["waiting_s"]) < float(row["duration_s"]) + 0.01
    figure = lanes(RunSource(Measured(Run.load(run.folder))))[""]
    assert figure["layout"]["yaxis"]["ticktext"] == ["0", "·", "1", "·", "2", "·"]
