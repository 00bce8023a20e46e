"""Writes plan.html: an arrival plan before anything is sent, in one self-contained file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.report.charts.chart import drawn, titles
from aisbench.report.page.shell import chart_page
from aisbench.report.page.table import cards, figure
from aisbench.studies.arrival_plan.charts import CHARTS, Planned
from aisbench.studies.arrival_plan.measure import PlannedGaps, PlannedRate

# The order matters: each uses definitions of those before it.
_SCRIPTS = ("charts.js", "keys.js", "plain.js")


def write_plan(
    facts: dict[str, Any], rate: PlannedRate, gaps: PlannedGaps | None, command: Sequence[str], path: Path
) -> None:
    """Writes the page to `path`. `facts`: measure.plan_facts; `command`: the command line that it shows."""
    parts = {
        **titles(CHARTS),
        "title": "Arrival plan",
        "subtitle": escape(_what(facts)),
        "headline": headline(facts),
        "command": escape(shlex.join(command)),
        "rate_note": escape(_rate_note(rate)),
        "gap_note": escape(_gap_note(facts, gaps)),
    }
    write_text(
        chart_page("plan.html", parts, drawn(CHARTS, Planned(facts["ends_s"], rate, gaps)), _SCRIPTS), path
    )


def _what(facts: dict[str, Any]) -> str:
    return f"{facts['requests']:,} requests, {facts['law']} arrivals. Nothing has been sent."


def _rate_note(rate: PlannedRate) -> str:
    note = f"Requests per second in bins of {rate.width_s:g} s, their moving average"
    return (
        f"{note}, and the rate that the law expects."
        if rate.law is not None
        else f"{note}. A trace has no law."
    )


def _gap_note(facts: dict[str, Any], gaps: PlannedGaps | None) -> str:
    if gaps is None:
        return "A plan of one request has no gaps."
    beyond = f" {gaps.beyond:,} longer ones are not shown." if gaps.beyond else ""
    if gaps.law is None:
        return f"Gaps between requests, in mean gaps. They are not drawn from a law.{beyond}"
    return (
        "Gaps between requests, and how many the law expects in each bar. The unit is the mean gap at the rate of that "
        f"moment, so that one law fits a changing rate.{beyond} Kolmogorov distance {facts['gap_ks']:.3f}; one plan "
        f"in a hundred drawn from the law exceeds {facts['gap_ks_limit']:.3f}."
        if facts["gap_ks"] is not None
        else f"Gaps between requests, in mean gaps at the rate of that moment.{beyond}"
    )


def headline(facts: dict[str, Any]) -> str:
    mean, peak, cv = facts["mean_rps"], facts["law_peak_rps"], facts["gap_cv"]
    shown = [
        ("Requests", f"{facts['requests']:,}", f"the last one leaves at {figure(facts['ends_s'])} s"),
        ("Mean rate", "–" if mean is None else figure(mean), "requests/s"),
        (
            "Most in a second",
            f"{facts['most_in_a_second']:,}",
            "requests" if peak is None else f"the law's highest rate is {figure(peak)}/s",
        ),
    ]
    if cv is not None:
        shown.append(("CV of gaps", f"{cv:.3f}", f"the law's is {facts['law_gap_cv']:.3f}"))
    return cards(shown)
