"""A run's page, made from its folder."""

from __future__ import annotations

from pathlib import Path

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.page.page import write_html
from tests.analysis.summaries import summarise


def written(folder: Path) -> Path:
    run = Run.load(folder)
    write_html(Measured(run), summarise(Measured(run)), folder / "report.html")
    return folder / "report.html"
