"""Each succeeded request is in the cell of its time and latency, and in no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.heat import COLUMN_REQUESTS, MOST_COLUMNS, ROWS, Heat, heats
from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from tests.analysis.made_runs import base_config, fail, made_rows, write_run


def test_every_request_is_counted_once_where_it_belongs() -> None:
    random = np.random.default_rng(7)
    moments, values = random.uniform(0, 30, 5000), random.lognormal(3, 1, 5000)
    heat = Heat.of(moments, values, 30.0)
    assert heat is not None
    assert heat.counts.shape == (ROWS, MOST_COLUMNS)
    assert heat.counts.sum() == 5000
    assert (np.diff(heat.edges_ms) > 0).all()
    assert heat.edges_ms[1] / heat.edges_ms[0] == pytest.approx(heat.edges_ms[-1] / heat.edges_ms[-2])
    row, column = np.unravel_index(heat.counts.argmax(), heat.counts.shape)
    inside = (values >= heat.edges_ms[row]) & (values < heat.edges_ms[row + 1])
    inside &= (moments >= heat.edges_s[column]) & (moments < heat.edges_s[column + 1])
    assert heat.counts[row, column] == inside.sum()


def test_few_requests_have_few_columns() -> None:
    heat = Heat.of(np.linspace(0, 1, 40), np.full(40, 5.0), 1.0)
    assert heat is not None
    assert heat.counts.shape == (ROWS, 40 // COLUMN_REQUESTS)
    assert (heat.counts.sum(axis=1) > 0).sum() == 1, "one latency is one row"


def test_a_latency_of_nothing_is_in_the_lowest_row() -> None:
    heat = Heat.of(np.zeros(2), np.array([0.0, 10.0]), 1.0)
    assert heat is not None
    assert heat.counts[0].sum() == 1
    assert heat.counts[-1].sum() == 1


@pytest.mark.parametrize("duration_s", [0.0, 1.0])
def test_nothing_is_nothing(duration_s: float) -> None:
    assert Heat.of(np.empty(0), np.empty(0), duration_s) is None


def test_what_a_run_shows_is_what_it_has(tmp_path: Path) -> None:
    rows = made_rows(np.arange(100) * 10, tokens=[1, 8] * 50)
    fail(rows, [4, 5], "connect")
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config()))
    found = heats(Measured(run))
    assert {name: heat.counts.sum() for name, heat in found.items()} == {"ttft": 98, "tpot": 49, "e2el": 98}
    whole = Run.load(write_run(tmp_path / "whole", rows, config=base_config(), streams=False))
    assert set(heats(Measured(whole))) == {"e2el"}
