"""Draws a chart of one or several runs or searches as a plotly figure for print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from aisbench.analysis.measured import Measured
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.report.charts.chart import Chart
from aisbench.report.charts.look import on_paper
from aisbench.report.charts.of_runs import CHARTS
from aisbench.report.charts.overlay import overlaid
from aisbench.report.charts.source import RunSource

RUN_CHARTS = {chart.name: chart for chart in CHARTS if chart.in_plots}


def run_figure(chart: str, runs: Mapping[str, Run], metric: str) -> go.Figure:
    """The figure of `chart`, a key of RUN_CHARTS, for `runs` by their names.

    `metric`: the latency that a chart of one latency shows. Raises BadInput if a run has nothing to draw in this chart.
    """
    sources = {name: RunSource(Measured(run), metric=metric) for name, run in runs.items()}
    return paper_figure(RUN_CHARTS[chart], sources, metric)


def paper_figure(chart: Chart[Any], sources: Mapping[str, Any], form: str = "") -> go.Figure:
    """The figure of `chart` for `sources` by their names.

    `form`: which form of a chart that has several. Raises BadInput if there is nothing to draw.
    """
    if chart.alone and len(sources) > 1:
        raise BadInput(f"--chart {chart.name} shows one run; give one DIR")
    figures = {}
    for name, source in sources.items():
        forms = chart.build(source)
        figure = forms.get("") or forms.get(form)
        if figure is None:
            raise BadInput(
                f"--chart {chart.name}: {name} has nothing to draw"
                + (f"; give --metric {', '.join(forms)}" if forms else "")
            )
        figures[name] = figure
    whole = overlaid(figures)
    made = go.Figure(on_paper(whole))
    made.update_layout(showlegend=len(made.data) > 1)
    return made
