"""Writes report.html of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aisbench.analysis.measured import Measured
from aisbench.analysis.series import Series
from aisbench.atomic import write_text
from aisbench.report.charts.chart import drawn, titles
from aisbench.report.charts.of_runs import CHARTS
from aisbench.report.charts.source import RunSource
from aisbench.report.charts.timeline import page_columns
from aisbench.report.page import parts as page_parts
from aisbench.report.page.panels import panels
from aisbench.report.page.shell import chart_page

# The order matters: each uses definitions of those before it.
_SCRIPTS = ("charts.js", "keys.js", "timeline.js", "report.js")


def write_html(measured: Measured, summary: dict[str, Any], path: Path) -> None:
    """Writes the page of a run to `path`. `summary`: the run's summary.json as a dict."""
    run = measured.run
    source = RunSource(measured, summary)
    found = drawn(CHARTS, source)
    parts = {
        "title": page_parts.title(run),
        **titles(CHARTS),
        "panels": panels(CHARTS, found),
        "flow_thinned": _thinned(source.in_flight),
        **page_parts.sections(run, summary),
    }
    data = {**found, "timeline": page_columns(run), "duration_s": source.duration_s}
    write_text(chart_page("report.html", parts, data, _SCRIPTS), path)


def _thinned(flow: Series) -> str:
    if flow.of is None:
        return ""
    return (
        f"The chart draws {len(flow.t_s):,} of the {flow.of:,} changes in flight: the first, lowest, highest and last "
        "of each stretch."
    )
