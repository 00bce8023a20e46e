"""report.html of a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aisbench.analysis.measured import Measured
from aisbench.report.page import parts as page_parts
from aisbench.report.page.data import chart_data
from aisbench.report.page.shell import chart_page

# In this order: each uses what those before it define.
SCRIPTS = ("charts.js", "keys.js", "timeline.js", "heat.js", "sides.js", "report.js")


def write_html(measured: Measured, summary: dict[str, Any], path: Path) -> None:
    """Writes the page for the run, whose `summary` is summarise's."""
    run = measured.run
    parts = {"title": page_parts.title(run), **page_parts.sections(run, summary)}
    beside = path.with_name(path.name + ".tmp")
    page = chart_page("report.html", parts, chart_data(measured, summary), SCRIPTS)
    try:
        beside.write_text(page, encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
