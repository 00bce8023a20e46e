"""report.html of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aisbench.analysis.measured import Measured
from aisbench.atomic import write_text
from aisbench.report.page import parts as page_parts
from aisbench.report.page.data import chart_data
from aisbench.report.page.shell import chart_page

# In this order: each uses what those before it define.
SCRIPTS = ("charts.js", "keys.js", "timeline.js", "heat.js", "sides.js", "report.js")


def write_html(measured: Measured, summary: dict[str, Any], path: Path) -> None:
    """Writes the page for the run, whose `summary` is summarise's."""
    run = measured.run
    parts = {"title": page_parts.title(run), **page_parts.sections(run, summary)}
    write_text(chart_page("report.html", parts, chart_data(measured, summary), SCRIPTS), path)
