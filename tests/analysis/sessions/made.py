"""Runs with sessions of known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aisbench.analysis.measured import Measured
from aisbench.engine.turns import write_conversations
from aisbench.records.run import Run
from aisbench.workload.prompts import Conversations
from tests.analysis.made_runs import MS, fail, made_rows, write_run

# Every answer takes 50 ms to its first token and 70 ms more to its last.
ANSWER_MS = 120.0


def three_sessions() -> np.ndarray:
    """Session 0 has three turns; the second one of session 1 fails; session 2 is cut off after its first.

    In ms from the start, sends and ends of session 0: 0 to 120, 220 to 340 (due at 200), 400 to 520 (due at 400).
    """
    rows = made_rows([0, 200, 400, 100, 300, 500], lag_ms=[0, 20, 0, 0, 0, 0])
    rows["done_ns"] = rows["last_token_ns"]
    rows["conversation"], rows["turn"] = [0, 0, 0, 1, 1, 2], [0, 1, 2, 0, 1, 0]
    rows["prompt_tokens"] = [100, 200, 300, 100, 200, 400]
    rows["cached_tokens"] = [0, 108, 240, 0, -1, 400]
    fail(rows, 4, "http_status", http_status=500)
    rows["done_ns"][4] = rows["sent_ns"][4] + 10 * MS
    rows["cached_tokens"][4] = -1
    return rows


def measured(folder: Path, rows: np.ndarray, plan: Conversations | None = None, **changes: Any) -> Measured:
    """The run of `rows`, whose sessions have three turns each by default."""
    planned = Conversations(np.arange(4) * 3, np.zeros(9, np.int64)) if plan is None else plan
    info = {"planned_turns": planned.by_turn(), "planned_requests": len(planned.think_ns), "conversations": 3}
    write_run(folder, rows, **{**info, **changes})
    write_conversations(folder / "records" / "turns.bin", planned)
    return Measured(Run.load(folder))
