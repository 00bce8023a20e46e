"""Writes sweep.html: the points of a sweep and their frontier, in one self-contained file."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from aisbench.analysis.verdict.verdict import RANK
from aisbench.atomic import write_text
from aisbench.report.charts.chart import drawn, titles
from aisbench.report.page.shell import chart_page
from aisbench.report.page.table import ABSENT, cards, figure, said, table
from aisbench.studies.sweep.charts import CHARTS, Swept, user_title
from aisbench.studies.sweep.measured_run import SERVER, USER, USER_WHOLE

# The order matters: each uses definitions of those before it.
SCRIPTS = ("charts.js", "keys.js", "plain.js")
NOTE = (
    "Points at the top serve the most tokens, points on the right serve each user fastest. The broad line is the "
    "frontier: no other point is better than one on it in both. Labels name the load of its points; hover over a point for "
    "its whole name. Points are hollow where the client was not valid."
)
_MOST_REASONS = 6
_SHOWN = (
    ("tokens/s per server", SERVER),
    ("tokens/s per user", ""),
    ("req/s", "request_throughput"),
    ("TTFT p99, ms", "ttft_ms.p99"),
    ("TPOT mean, ms", "tpot_ms.mean"),
    ("E2EL p99, ms", "e2el_ms.p99"),
)


def write_sweep(found: Mapping[str, Any], command: Sequence[str], path: Path) -> None:
    """Writes the page to `path`. `found`: the content of the sweep's summary.json; `command`: the command line shown."""
    parts = {
        **titles(CHARTS),
        "title": "Sweep",
        "subtitle": escape(_what(found)),
        "verdict": _verdict(found),
        "headline": _headline(found),
        "command": escape(shlex.join(command)),
        "note": escape(f"{NOTE} Horizontally: {user_title(found['user_figure'])}."),
        "points": points_table(found),
        "runs": _runs_table(found),
    }
    write_text(chart_page("sweep.html", parts, drawn(CHARTS, Swept({"sweep": found})), SCRIPTS), path)


def _what(found: Mapping[str, Any]) -> str:
    axes = " × ".join(f"{axis['name']} ({len(axis['values'])})" for axis in found["axes"])
    runs = found["runs_wanted"]
    return f"{len(found['points'])} points: {axes}; {runs} run{'s' if runs > 1 else ''} of each. {found['ended'].capitalize()}."


def _verdict(found: Mapping[str, Any]) -> str:
    """The worst client status of all runs."""
    clients = [run["client"] for run in found["runs"] if run["problem"] is None]
    status = next((one for one in ("invalid", "doubtful") if one in clients), "valid")
    words = {
        "valid": "The client was not the bottleneck at any point.",
        "doubtful": "The client may have been the bottleneck at some points, which are hollow:",
        "invalid": "Do not rely on some points, which are hollow: the client was invalid there.",
    }[status]
    doubted = [run for run in found["runs"] if run["client"] != "valid"]
    reasons: dict[str, str] = {}
    # The worst first, and of each point its worst run.
    for run in sorted(doubted, key=lambda run: -RANK[run["client"]]):
        reasons.setdefault(run["point"], "; ".join(run["client_reasons"]))
    items = [f"{said(name)}: {said(why)}" for name, why in reasons.items()][:_MOST_REASONS]
    if len(reasons) > len(items):
        items.append(f"and {len(reasons) - len(items)} more points, which the table marks")
    listed = f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""
    return f'<section class="verdict {status}"><h2><span class="chip {status}">{status}</span> {words}</h2>{listed}</section>'


def _headline(found: Mapping[str, Any]) -> str:
    measured = [point for point in found["points"] if point["runs"]]
    shown = [
        ("points measured", f"{len(measured)}", f"of {len(found['points'])}"),
        ("on the frontier", f"{len(found['frontier'])}", ""),
    ]
    for label, name in (
        ("most tokens/s per server", SERVER),
        ("most tokens/s per user", found["user_figure"]),
    ):
        having = [point for point in measured if name in point["figures"]]
        if having:
            top = max(having, key=lambda point: point["figures"][name]["mean"])
            shown.append((label, figure(top["figures"][name]["mean"]), top["name"]))
    if found["slo"]:
        best = next((point for point in measured if point["name"] == found["best"]), None)
        bounds = ", ".join(found["slo"])
        value = "none" if best is None else f"{figure(best['figures'][SERVER]['mean'])} tokens/s"
        doubt = (
            "" if best is None or best["client"] == "valid" else f"; the client was {best['client']} there"
        )
        aside = bounds if best is None else f"{best['name']}; {bounds}{doubt}"
        shown.append(("best under the SLO", value, aside))
    return cards(shown)


def points_table(found: Mapping[str, Any]) -> str:
    axes = [axis["name"] for axis in found["axes"]]
    rows = []
    for point in found["points"]:
        cells = [said(point["axes"][name]) for name in axes]
        cells += [_cell(point, name or found["user_figure"]) for _, name in _SHOWN]
        rows.append([*cells, str(point["runs"]), _chips(point, found["best"])])
    head = [
        *map(escape, axes),
        *(f"{title}<br><small>95 % interval</small>" for title, _ in _SHOWN),
        "runs",
        "",
    ]
    return table(head, rows, "numbers")


def _cell(point: Mapping[str, Any], name: str) -> str:
    """The mean, with its interval if there are repetitions."""
    found = point["figures"].get(name)
    if found is None:
        return ABSENT
    reach = (
        ""
        if found["low"] is None
        else f"<br><small>{figure(found['low'])} to {figure(found['high'])}</small>"
    )
    return figure(found["mean"]) + reach


def _chips(point: Mapping[str, Any], best: str | None) -> str:
    marks = [("valid", "best")] if point["name"] == best else []
    marks += [("valid", "frontier")] if point["on_frontier"] else []
    if point["passes"] is not None:
        marks.append(("valid", "passes") if point["passes"] else ("invalid", "fails"))
    if point["client"] not in (None, "valid"):
        marks.append((point["client"], f"client {point['client']}"))
    marks += [("invalid", "failed")] if point["failed"] else []
    chips = [f'<span class="chip {kind}">{escape(text)}</span>' for kind, text in marks]
    # Two in a line, because cells do not wrap.
    return "<br>".join(" ".join(chips[at : at + 2]) for at in range(0, len(chips), 2))


def _runs_table(found: Mapping[str, Any]) -> str:
    rows = []
    for run in found["runs"]:
        user = USER if USER in run["figures"] else USER_WHOLE
        link = (
            ABSENT
            if run["folder"] is None
            else f'<a href="{escape(run["folder"], quote=True)}/report.html">report</a>'
        )
        problem = (
            ""
            if run["problem"] is None
            else f'<span class="chip invalid">failed</span> {said(run["problem"])}'
        )
        rows.append(
            [
                said(run["point"]),
                str(run["repetition"] + 1),
                link,
                ABSENT if run["seed"] is None else str(run["seed"]),
                f"{run['seconds']:.0f}",
                f'<span class="chip {run["client"]}">{run["client"]}</span>',
                figure(run["figures"].get(SERVER)),
                figure(run["figures"].get(user)),
                problem,
            ]
        )
    head = ["point", "run", "", "seed", "seconds", "client", "tokens/s per server", "tokens/s per user", ""]
    return table(head, rows, "numbers")
