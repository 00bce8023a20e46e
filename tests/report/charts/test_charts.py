"""The tables of charts: what they build is what plotly takes, in colours that the page and paper have."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.charts import of_runs
from aisbench.report.charts.chart import Chart, Table
from aisbench.report.charts.embedding import embedded, packed
from aisbench.report.charts.figure import Figure, line, titled
from aisbench.report.charts.look import PAGE, PAGE_NARROW, PAPER, on_paper
from aisbench.report.charts.overlay import overlaid
from aisbench.report.charts.source import RunSource
from aisbench.report.page import page as page_of_run
from aisbench.studies.saturation.charts import CHARTS as OF_SEARCHES
from aisbench.studies.saturation.charts import Search
from bench.browser import Page
from tests.analysis.made_runs import base_config, fail, made_rows, write_run
from tests.report.written import written
from tests.studies.saturation.test_page import searched

STYLE = (Path(of_runs.__file__).parents[1] / "assets" / "report.css").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = made_rows(np.arange(200) * 10.0, ttft_ms=20 + np.arange(200) * 0.1, itl_ms=5)
    rows["conversation"], rows["turn"] = np.arange(200) // 2, np.arange(200) % 2
    rows["cached_tokens"] = 40 * rows["turn"]
    fail(rows, [5], "timeout")
    config = base_config(rate=100.0, arrival="constant", concurrency=50, slice_s=0.5)
    return write_run(tmp_path / "run", rows, config=config, conversations=100)


def colours(node: Any, key: str = "") -> set[str]:
    """The names of all colours of a figure."""
    if isinstance(node, dict):
        return set().union(*(colours(value, name) for name, value in node.items()))
    if isinstance(node, list):
        return set().union(*(colours(value, key) for value in node))
    return {node.partition(" ")[0]} if isinstance(node, str) and "color" in key else set()


def every_figure(folder: Path) -> list[tuple[str, Figure]]:
    run, search = RunSource(Measured(Run.load(folder))), Search(searched())
    found = [(chart.name, figure) for chart in of_runs.CHARTS for figure in chart.build(run).values()]
    return found + [(chart.name, figure) for chart in OF_SEARCHES for figure in chart.build(search).values()]


def test_plotly_takes_every_figure_on_paper(folder: Path) -> None:
    figures = every_figure(folder)
    assert len(figures) > 15
    for _, figure in figures:
        assert go.Figure(on_paper(figure)).to_plotly_json()["data"]
    go.layout.Template(layout=on_paper({**PAGE, "hoverlabel": {}}))


def test_every_colour_is_on_the_page_and_on_paper(folder: Path) -> None:
    of_page = set(re.findall(r"--([a-z]+): ", STYLE))
    used = set().union(*(colours(figure) for _, figure in every_figure(folder)))
    assert {"decode", "ttft"} <= used <= PAPER.keys()
    assert used <= of_page
    assert colours(PAGE) | colours(PAGE_NARROW) <= of_page | {"rgba(0,0,0,0)"}


def test_an_array_is_embedded_once() -> None:
    x = np.array([1.0, 2.0])
    rows = np.array([[1, 2, 3], [4, 5, 6]], "u1")
    data = embedded(
        {"charts": {"a": [{"x": x, "z": rows}, {"x": x.copy()}]}, "table": Table(("n",), [[x, 3]])}
    )
    assert data["charts"] == {"a": [{"x": {"$": 0}, "z": {"$": 1}}, {"x": {"$": 0}}]}
    assert data["table"] == {"head": ["n"], "blocks": [[{"$": 0}, 3]], "cells": []}
    assert [array["type"] for array in data["arrays"]] == ["f8", "u1"]
    assert base64.b64decode(data["arrays"][1]["b64"]) == bytes([1, 2, 3, 4, 5, 6])
    assert data["arrays"][1]["columns"] == 3


@pytest.mark.parametrize(
    ("kind", "sent"), [("i8", "f8"), ("u8", "f8"), ("i4", "i4"), ("?", "u1"), ("f4", "f4")]
)
def test_arrays_are_sent_as_what_a_script_can_read(kind: str, sent: str) -> None:
    array = packed(np.array([0, 1], kind))
    assert array["type"] == sent
    assert list(np.frombuffer(base64.b64decode(array["b64"]), f"<{sent}")) == [0, 1]


def test_axes_of_runs_over_each_other_have_room_for_all() -> None:
    def figure(end: float, ticks: list[float]) -> Figure:
        axis = titled("s", range=[0, end], tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
        return {"data": [line("sent", [0, end], [1, end], "decode 0.5")], "layout": {"xaxis": axis}}

    found = overlaid({"a": figure(5, [1, 2]), "b": figure(7, [2, 4])})
    assert found["layout"]["xaxis"]["range"] == [0, 7]
    assert found["layout"]["xaxis"]["tickvals"] == [1, 2, 4]
    assert [trace["name"] for trace in found["data"]] == ["a", "b"]
    assert found["data"][0]["line"]["color"] == "rgba(0,114,178,0.5)"


def test_one_entry_of_the_table_puts_a_chart_on_the_page(
    page: Page, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tokens(source: RunSource) -> dict[str, Figure]:
        counts = np.array([3, 1, 2], "i4")
        return {"": {"data": [line("odd", np.arange(3.0), counts, "ttft")], "layout": {"xaxis": titled("n")}}}

    added: Chart[RunSource] = Chart(
        name="odd", title="Odd & new", hint="Three <points>.", build=tokens,
        tables=lambda source: {"odd": Table(("n",), [[[1, 2]]])},
    )  # fmt: skip
    monkeypatch.setattr(page_of_run, "CHARTS", (*of_runs.CHARTS, added))
    page.open(written(folder))
    assert page.complaints() == []
    assert "Odd & new" in page.value("document.getElementById('odd').closest('section').innerText")
    assert "Three <points>." in page.value("document.getElementById('odd').closest('section').innerText")
    assert page.value("Array.from(document.getElementById('odd').data[0].y)") == [3, 1, 2]
    assert page.value("CSV.odd()") == "n\n1\n2\n"
    # One with nothing to draw has no panel.
    monkeypatch.setattr(page_of_run, "CHARTS", (*of_runs.CHARTS, replace(added, build=lambda source: {})))
    page.open(written(folder))
    assert page.value("document.getElementById('odd')") is None
