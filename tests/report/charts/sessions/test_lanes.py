"""Which agent's lane a turn is drawn in, and the bars of turns whose times were set by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.report.charts.sessions import lanes as module
from aisbench.report.charts.sessions.lanes import Lanes, lanes, lanes_of, lanes_tables
from aisbench.report.charts.source import RunSource
from aisbench.workload.prompts import Conversations
from tests.analysis.made_runs import made_rows
from tests.analysis.sessions.made import measured, three_sessions


@pytest.mark.parametrize(
    ("after", "lane", "depth"),
    [
        ([[], [0], [1]], [0, 0, 0], [0]),
        # Two sub-agents, and a turn that puts both together.
        ([[], [0], [0], [0, 1, 2]], [0, 1, 2, 0], [0, 1, 1]),
        # The second of them has one of its own, which is drawn right below it.
        ([[], [0], [0], [2], [2, 3], [0, 1, 4]], [0, 1, 2, 3, 2, 0], [0, 1, 1, 2]),
        # A sub-agent of two turns whose end nobody waits for: its parent goes on.
        ([[], [0], [1], [0], [3]], [0, 1, 1, 0, 0], [0, 1]),
        # Two that do not follow from anything.
        ([[], [], [1]], [0, 1, 1], [0, 1]),
    ],
)
def test_lanes_of_agents(after: list[list[int]], lane: list[int], depth: list[int]) -> None:
    assert lanes_of(after) == (lane, depth)


def test_the_bars_of_three_sessions(tmp_path: Path) -> None:
    rows = three_sessions()
    figure = lanes(RunSource(measured(tmp_path, rows)))[""]
    bars = {trace["name"]: trace for trace in figure["data"]}
    assert list(bars) == ["pause", "to first token", "decode", "failed or cut off"]

    def spans(name: str) -> list[tuple[int, int, int]]:
        """Lane, begin and end in ms."""
        trace = bars[name]
        ms = [np.rint(1e3 * values).astype(int) for values in (trace["base"], trace["base"] + trace["x"])]
        return list(zip(trace["y"].tolist(), *(each.tolist() for each in ms), strict=True))

    assert spans("pause") == [(0, 120, 220), (0, 340, 400), (1, 220, 300)]
    assert spans("to first token") == [(0, 0, 50), (0, 220, 270), (0, 400, 450), (1, 100, 150), (2, 500, 550)]
    assert spans("decode") == [(0, 50, 120), (0, 270, 340), (0, 450, 520), (1, 150, 220), (2, 550, 620)]
    assert spans("failed or cut off") == [(1, 300, 310)]
    assert bars["pause"]["text"][0] == "pause of 0.100 s, the last 0.020 s of it after the turn was due"
    assert bars["decode"]["text"][1] == (
        "session 0, turn 2, sent at 0.220 s<br>TTFT 50.0 ms, decode 70.0 ms<br>"
        "prompt 200 tokens, 108 of them cached; answer 8 tokens"
    )
    assert bars["failed or cut off"]["text"] == [
        "session 1, turn 2, sent at 0.300 s<br>failed or cut off after 0.010 s"
    ]
    assert figure["layout"]["yaxis"]["ticktext"] == ["0", "1", "2"]


def test_sub_agents_are_below_their_parent(tmp_path: Path) -> None:
    after = (np.array([0, 0, 1, 2, 5]), np.array([0, 0, 0, 1, 2]))
    plan = Conversations(
        *(np.array([0, 4]), np.zeros(4, np.int64)), *after, np.zeros(5, np.int64), np.zeros(0, np.int64)
    )
    rows = made_rows([0, 200, 210, 400], lag_ms=0)
    rows["conversation"], rows["turn"] = 0, np.arange(4)
    figure = lanes(RunSource(measured(tmp_path, rows, plan)))[""]
    assert figure["layout"]["yaxis"]["ticktext"] == ["0", "·", "·"]
    (decode,) = (trace for trace in figure["data"] if trace["name"] == "decode")
    assert decode["y"].tolist() == [0, 0, 1, 2]


def test_whole_answers_have_one_bar(tmp_path: Path) -> None:
    rows = three_sessions()
    rows["first_token_ns"] = rows["last_token_ns"]
    figure = lanes(RunSource(measured(tmp_path, rows, streams=False)))[""]
    assert [trace["name"] for trace in figure["data"]] == ["pause", "to whole answer", "failed or cut off"]
    assert "E2EL 120.0 ms" in figure["data"][1]["text"][0]


def test_of_many_sessions_the_first_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_LANES", 2)
    found = Lanes.of(measured(tmp_path, three_sessions()))
    assert found is not None
    assert (found.shown, found.sessions) == (2, 3)
    assert found.names == [(0, 0), (1, 0)]
    monkeypatch.setattr(module, "_MOST_TURNS", 1)
    table = lanes_tables(RunSource(measured(tmp_path / "again", three_sessions())))["sessions"]
    assert table.blocks[0][0].tolist() == [0, 0, 0], "the first is always whole"
