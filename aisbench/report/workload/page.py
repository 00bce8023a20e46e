"""Writes the page of a workload, in one self-contained file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.report.charts.chart import drawn
from aisbench.report.page.panels import panels
from aisbench.report.page.shell import chart_page
from aisbench.report.page.table import ABSENT, cards, count, figure, said, table
from aisbench.report.text.workload import workload_lines
from aisbench.report.workload.charts import CHARTS, Source
from aisbench.workload.sessions.contents import Contents

# The order matters: each uses definitions of those before it.
_SCRIPTS = ("charts.js", "keys.js", "plain.js")
_COLUMNS = ("mean", "p50", "p90", "p99", "max")
_SPREADS = (
    ("prompt_tokens", "prompt tokens"),
    ("output_tokens", "output tokens"),
    ("turns_per_session", "turns per session"),
    ("pauses_s", "pauses, s"),
)


def write_workload_page(
    facts: dict[str, Any], contents: Contents, command: Sequence[str], path: Path
) -> None:
    """Writes the page to `path`. `facts`: those of describing.facts_of, with `file` and `format`."""
    source = Source(contents)
    found = drawn(CHARTS, source)
    parts = {
        "title": "Workload",
        "subtitle": f"<strong>{said(facts['file'])}</strong>, read as {said(facts['format'])}. Nothing has been sent.",
        "headline": _headline(facts, source),
        "command": said(shlex.join(command)),
        "lengths": _lengths(facts),
        "panels": panels(CHARTS, found),
        "text": said("\n".join(workload_lines(facts))),
    }
    write_text(chart_page("workload.html", parts, found, _SCRIPTS), path)


def _headline(facts: dict[str, Any], source: Source) -> str:
    hits = source.hits
    shown = [
        ("Requests", f"{facts['requests']:,}", f"in {facts['sessions']:,} sessions"),
        ("Prompt", _mean(facts["prompt_tokens"], "tokens"), "mean"),
        ("Output", _mean(facts["output_tokens"], "tokens"), "mean, as planned"),
        ("Longest context", f"{facts['longest_context']:,} tokens", "prompt and planned output"),
    ]
    if hits is not None:
        part = "" if hits.prompts == facts["requests"] else f", of the first {hits.prompts:,} prompts"
        shown.append(
            (
                "Could be cached",
                f"{100 * hits.endless:.1f} %",
                f"of the prompt tokens{part}, by a cache of {hits.needed:,} tokens",
            )
        )
    if facts["times"] is not None:
        per_s = facts["times"]["per_s"]
        shown.append(
            (
                "Recorded time",
                f"{figure(facts['times']['span_s'])} s",
                "" if per_s is None else f"{figure(per_s)} sessions/s",
            )
        )
    return cards(shown)


def _mean(spread: dict[str, Any], unit: str) -> str:
    return ABSENT if spread["mean"] is None else f"{figure(spread['mean'])} {unit}"


def _lengths(facts: dict[str, Any]) -> str:
    rows = [
        [title, *(ABSENT if found[name] is None else count(found[name]) for name in _COLUMNS)]
        for key, title in _SPREADS
        if (found := facts[key]) is not None
    ]
    return table(["", *_COLUMNS], rows, "numbers")
