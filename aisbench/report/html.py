"""report.html: one file that needs nothing else, from template, style, script, plotly and data."""

from __future__ import annotations

import os
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from aisbench.analysis.records import Run
from aisbench.report import page_parts
from aisbench.report.page_data import chart_data

# In this order: each uses what those before it define.
SCRIPTS = ("charts.js", "timeline.js", "heat.js", "sides.js", "report.js")
PLACE = re.compile(r"\{\{(\w+)\}\}")


def write_html(run: Run, summary: dict[str, Any], path: Path) -> None:
    """Writes the page for `run`, whose `summary` is metrics.summarise's."""
    beside = path.with_name(path.name + ".tmp")
    beside.write_text(page(run, summary), encoding="utf-8")
    os.replace(beside, path)


def page(run: Run, summary: dict[str, Any]) -> str:
    parts = {
        "title": page_parts.title(run),
        "style": asset("report.css"),
        "plotly": script_text(plotly_source()),
        "script": script_text("".join(asset(name) for name in SCRIPTS)),
        "data": json_text(chart_data(run, summary)),
        **page_parts.sections(run, summary),
    }
    # One pass: what is put in is never searched for places itself.
    return PLACE.sub(lambda place: parts[place[1]], asset("report.html"))


@cache
def asset(name: str) -> str:
    return (files("aisbench.report") / "assets" / name).read_text(encoding="utf-8")


@cache
def plotly_source() -> str:
    """The library's own minified script, as the installed package carries it."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def json_text(data: Any) -> str:
    """JSON that cannot end the script element it stands in: no `<` is left (it only occurs in strings)."""
    return orjson.dumps(data).decode().replace("<", "\\u003c")


def script_text(source: str) -> str:
    """A script whose strings cannot end the element: `</` and `<\\/` are the same in JavaScript strings."""
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--")
