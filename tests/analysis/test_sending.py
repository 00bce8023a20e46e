"""Whatever counts requests counts the turns of conversations as well, and says which it counts."""

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.measured import Measured
from aisbench.analysis.sending import Sending
from aisbench.analysis.series import asked_rate_series
from aisbench.records.run import Run
from aisbench.report.charts.source import RunSource
from aisbench.report.text.console import render
from tests.analysis.made_runs import SECOND, base_config, made_rows, write_run
from tests.analysis.summaries import summarise

CONVERSATIONS, TURNS = 20, 5


def talks(tmp_path: Path, **config: object) -> Run:
    """Twenty conversations that begin at once, each with a turn a second."""
    rows = made_rows(np.repeat(np.arange(TURNS) * 1000.0, CONVERSATIONS))
    rows["turn"] = np.repeat(np.arange(TURNS), CONVERSATIONS)
    rows["conversation"] = np.tile(np.arange(CONVERSATIONS), TURNS)
    return Run.load(
        write_run(tmp_path / "run", rows, config=base_config(**config), conversations=CONVERSATIONS)
    )


def test_the_chart_of_requests_sent_a_second_has_every_turn(tmp_path: Path) -> None:
    run = talks(tmp_path, concurrency=CONVERSATIONS)
    drawn = RunSource(Measured(run)).sent_rate
    lengths = np.diff(np.append(drawn.t_s, run.duration_ns / SECOND))
    assert (drawn.y * lengths).sum() == pytest.approx(CONVERSATIONS * TURNS)
    assert np.count_nonzero(drawn.y) == TURNS


def test_the_plan_of_conversations_is_of_starts_and_says_so(tmp_path: Path) -> None:
    run = talks(tmp_path, rate=200.0, arrival="constant")
    summary = summarise(Measured(run))
    assert summary["arrivals"]["counts"] == "conversations"
    assert summary["arrivals"]["sent_rate"] == pytest.approx(CONVERSATIONS * TURNS / 4, rel=1e-3)
    assert "Conversations/s     target 200.00, started" in render(summary, [99.0])
    assert "; 25.00 requests (turns) sent per second" in render(summary, [99.0])
    asked = asked_rate_series(run, Sending.of(run, InFlight.held(run)), 50_000_000)
    assert asked is not None
    assert np.count_nonzero(asked.y) == TURNS
