"""A run's page, made from its folder."""

from __future__ import annotations

from pathlib import Path

from aisbench.analysis.metrics import summarise
from aisbench.analysis.records import Run
from aisbench.report.html import write_html


def written(folder: Path) -> Path:
    run = Run.load(folder)
    write_html(run, summarise(run), folder / "report.html")
    return folder / "report.html"
