"""report.html of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.records.run import Run
from aisbench.report.page import parts as page_parts
from aisbench.report.page.data import chart_data
from aisbench.report.page.shell import chart_page

# In this order: each uses what those before it define.
SCRIPTS = ("charts.js", "keys.js", "timeline.js", "heat.js", "sides.js", "report.js")


def write_html(run: Run, summary: dict[str, Any], path: Path) -> None:
    """Writes the page for `run`, whose `summary` is metrics.summarise's."""
    parts = {"title": page_parts.title(run), **page_parts.sections(run, summary)}
    write_text(chart_page("report.html", parts, chart_data(run, summary), SCRIPTS), path)
