"""Panels of charts that need nothing but their entry in the table of charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from aisbench.metrics import TITLES
from aisbench.report.charts.chart import Chart


def panels(charts: Sequence[Chart[Any]], drawn: Mapping[str, Any]) -> str:
    """A panel for each of `charts` that has a hint, and a figure in `drawn` (the result of chart.drawn)."""
    return "".join(
        _panel(chart, list(drawn["charts"][chart.name]))
        for chart in charts
        if chart.hint and chart.name in drawn["charts"]
    )


def _panel(chart: Chart[Any], forms: list[str]) -> str:
    name = chart.name
    buttons = ""
    if len(forms) > 1:
        buttons = "".join(
            f'<button type="button" data-form="{form}" aria-pressed="{"true" if at == 0 else "false"}">'
            f"{escape(TITLES.get(form, form))}</button>"
            for at, form in enumerate(forms)
        )
        buttons = f'<span class="buttons" role="group" aria-label="Form of the chart" data-forms="{name}">{buttons}</span>'
    if chart.tables is not None:
        buttons += f'<button type="button" data-csv="{name}">CSV</button>'
    size = " tall" if chart.tall else ""
    return (
        f'<section class="panel"><div class="bar"><h2>{escape(chart.title)}</h2><span class="buttons">{buttons}</span>'
        f'</div>\n<p class="hint">{escape(chart.hint)}</p>\n<div id="{name}" class="chart{size}"></div></section>\n'
    )
