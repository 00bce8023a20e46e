"""A trace that is exported and read again is the same workload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.backends.registry import backend_named
from aisbench.workload.build import build_workload
from aisbench.workload.export import export_lines
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.recipe import Recipe
from tests.workload.traces.made import prompts_of, written
from tests.workload.traces.test_bailian import TALK
from tests.workload.traces.test_weka import FORKED


@pytest.mark.parametrize("row", ["bailian", "weka"])
def test_turns_come_back_with_their_edges_pauses_and_times(tmp_path: Path, row: str) -> None:
    rows: list[Any] = TALK if row == "bailian" else [FORKED]
    path = written(tmp_path / "t.jsonl", rows)
    options = WorkloadOptions(count=None, model="m", dataset="trace", dataset_path=str(path))
    made = build_workload(Recipe(options, backend_named("openai")), tmp_path)
    offsets = made.prompts.arrivals_ns
    assert made.prompts.conversations is not None
    starts = None if offsets is None else offsets[made.prompts.conversations.first[:-1]]
    out = tmp_path / "w.jsonl"
    out.write_bytes(b"".join(export_lines(made, made.bodies.count, starts)))
    again = prompts_of(out, dataset="file")
    edges = ("after_first", "after", "fills_first", "fills")
    for name in ("first", "think_ns", *edges, "not_before_ns", "agents", "starters"):
        one, two = getattr(made.prompts.conversations, name), getattr(again.conversations, name)
        assert (one is None) == (two is None), name
        assert one is None or np.array_equal(one, two), name
    assert (again.arrivals_ns is None) == (offsets is None)
    assert offsets is None or np.array_equal(again.arrivals_ns, offsets)  # type: ignore[arg-type]
