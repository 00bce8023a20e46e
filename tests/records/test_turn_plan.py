"""turns.bin as the engine writes it and as reports read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.engine.turns import write_conversations
from aisbench.errors import BadInput
from aisbench.records.turn_plan import read_turn_plan
from aisbench.workload.prompts import Conversations


def test_chains(tmp_path: Path) -> None:
    write_conversations(tmp_path / "turns.bin", Conversations(np.array([0, 2, 5]), np.zeros(5, np.int64)))
    plan = read_turn_plan(tmp_path / "turns.bin")
    assert plan is not None
    assert plan.lengths(np.array([0, 1, 2])).tolist() == [2, 3, 2]
    assert plan.after_turns(1) == [[], [0], [1]]


def test_forks_and_joins(tmp_path: Path) -> None:
    first, pauses = np.array([0, 1, 5]), np.full(5, 7)
    after = (np.array([0, 0, 0, 1, 2, 4]), np.array([0, 0, 1, 2]))
    fills = (np.array([0, 0, 0, 1, 2, 3]), np.array([0, 0, 0]))
    write_conversations(tmp_path / "turns.bin", Conversations(first, pauses, *after, *fills))
    plan = read_turn_plan(tmp_path / "turns.bin")
    assert plan is not None
    assert plan.after_turns(0) == [[]]
    assert plan.after_turns(1) == plan.after_turns(3) == [[], [0], [0], [1, 2]]


def test_a_missing_file_and_a_broken_one(tmp_path: Path) -> None:
    assert read_turn_plan(tmp_path / "turns.bin") is None
    for broken in (b"", np.array([3, 0, 1], "<i8").tobytes(), np.array([1, 5, 0], "<i8").tobytes()):
        (tmp_path / "turns.bin").write_bytes(broken)
        with pytest.raises(BadInput, match=r"turns\.bin is not a plan of turns; without the file"):
            read_turn_plan(tmp_path / "turns.bin")
