"""Tokens over time where events carry different numbers of them."""

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.analysis.token_flow import spread, token_flow
from aisbench.analysis.tokens import TokenCounts
from aisbench.records.run import Run
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.analysis.summaries import summarise

S = 1_000_000_000


def test_amounts_are_spread_over_the_seconds_that_they_lie_in() -> None:
    first, last = np.array([0, S // 2, 2 * S]), np.array([2 * S, S // 2, 3 * S])
    edges = np.arange(5) * S
    assert spread(first, last, np.array([10.0, 7.0, 4.0]), edges).tolist() == pytest.approx([12, 5, 4, 0])


def test_one_answer_in_one_event_does_not_count_for_the_others(tmp_path: Path) -> None:
    """A second of ten tokens in ten events, then one of a thousand in one event, then ten again."""
    rows = made_rows([0.0, 1000.0, 2000.0], ttft_ms=50, itl_ms=20, tokens=[10, 1, 10])
    rows["output_tokens"] = [10, 1000, 10]
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config(concurrency=1)))
    flow = token_flow(run, TokenCounts.of(run))
    assert np.add.reduceat(flow, [0, 100, 200]).tolist() == pytest.approx([10, 1000, 10])
    summary = summarise(Measured(run))
    assert summary["max_output_tokens_per_s"] == pytest.approx(1000)
    assert summary["peaks"]["output_tokens_per_s"] == pytest.approx(1000)


def test_an_event_for_each_token_is_the_flow_itself(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows(np.arange(50) * 30.0)))
    assert token_flow(run, TokenCounts.of(run)).tolist() == run.flow.tolist()
