"""saturation.html: the curve of a search, in one file that needs nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from aisbench.analysis.saturation.settings import Settings
from aisbench.report.files import write_text
from aisbench.report.page_shell import chart_page
from aisbench.report.page_table import cards, figure, table
from aisbench.report.saturation_table import ending, interval_words

# In this order: each uses what those before it define.
SCRIPTS = ("charts.js", "keys.js", "saturation.js")
COLUMNS = ("TTFT mean", "TTFT p99", "TPOT mean", "TPOT p99", "E2EL mean", "E2EL p99")


def write_saturation(
    found: Mapping[str, Any], settings: Settings, command: Sequence[str], path: Path
) -> None:
    """Writes the page for `found`, which is saturation.result's."""
    bounds = [
        {"metric": term.metric, "bound": term.bound}
        for term in settings.terms
        if term.metric in ("ttft", "tpot", "e2el")
    ]
    data = {**found, "bounds": bounds}
    parts = {
        "title": "Saturation",
        "subtitle": escape(slo_words(found, settings)),
        "verdict": verdict_section(found),
        "headline": headline(found, settings),
        "command": escape(shlex.join(command)),
        "throughput_note": escape(throughput_note(settings)),
        "points": points_table(found, settings),
        "steps": steps_table(found, settings),
    }
    write_text(chart_page("saturation.html", parts, data, SCRIPTS), path)


def slo_words(found: Mapping[str, Any], settings: Settings) -> str:
    what = "request rate" if settings.is_open_loop else "number of requests in flight"
    bounds = [*found["slo"], *(["a steady queue"] if settings.is_open_loop else [])]
    return f"The highest {what} with {', '.join(bounds)}. Search {ending(found)}."


def throughput_note(settings: Settings) -> str:
    note = "Green points pass, red ones fail. The line is the answer, shaded its interval, the dotted line the knee."
    return note + (
        " Where requests done leave the dashed line, the queue grows." if settings.is_open_loop else ""
    )


def verdict_section(found: Mapping[str, Any]) -> str:
    status = found["verdict"]["status"]
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in found["verdict"]["reasons"])
    words = (
        "the client was not the bottleneck where the answer was decided"
        if status == "valid"
        else "the client may have been the bottleneck where the answer was decided"
    )
    listed = f"<ul>{reasons}</ul>" if reasons else ""
    return f'<section class="verdict {status}"><h2><span class="chip">{status}</span>{words}</h2>{listed}</section>'


def headline(found: Mapping[str, Any], settings: Settings) -> str:
    done = "done under overload" if settings.is_open_loop else "highest throughput"
    shown = (
        (
            "meets the SLO up to",
            found["max_load"],
            f"{settings.unit}; {interval_words(found['max_load_interval'])}",
        ),
        (done, found["capacity"], "req/s"),
        ("knee", found["knee"], knee_words(found, settings)),
        ("loads", len(found["points"]), f"{len(found['steps'])} runs"),
    )
    return cards((label, "none" if value is None else f"{value:.4g}", aside) for label, value, aside in shown)


def knee_words(found: Mapping[str, Any], settings: Settings) -> str:
    if found["knee"] is None:
        return "it may lie below the loads measured"
    return f"{settings.unit}; {interval_words(found['knee_interval'])}; throughput / mean E2EL highest"


def chip(good: bool, text: str) -> str:
    return f'<span class="chip{"" if good else " invalid"}">{escape(text)}</span>'


def points_table(found: Mapping[str, Any], settings: Settings) -> str:
    rows = []
    for point in found["points"]:
        goodput = "–" if point["goodput"] is None else figure(point["goodput"])
        latencies = []
        for column in COLUMNS:
            metric, statistic = column.lower().split()
            figures = point["metrics"].get(f"{metric}_ms")
            latencies.append(figure(figures[statistic]) if figures and figures["count"] else "–")
        verdict = chip(point["passes"], "passes" if point["passes"] else "fails")
        rows.append(
            [
                f"{point['load']:g}",
                verdict + ("" if point["clear"] else " by chance?"),
                str(point["runs"]),
                figure(point["request_throughput"]),
                figure(point["output_throughput"]),
                goodput,
                f"{100 * point['error_rate']:.2f} %",
                *latencies,
            ]
        )
    head = [
        settings.unit,
        "",
        "runs",
        "req/s",
        "tokens/s",
        "goodput",
        "errors",
        *(f"{c}, ms" for c in COLUMNS),
    ]
    return table(head, rows, "numbers")


def steps_table(found: Mapping[str, Any], settings: Settings) -> str:
    rows = [
        [
            str(at),
            f"{step['load']:g}",
            f'<a href="{escape(step["folder"], quote=True)}/report.html">report</a>',
            f"{step['seconds']:.0f}" + (" (cut early)" if step["early"] else ""),
            chip(step["client"] == "valid", step["client"]),
            escape(step["why"]),
        ]
        for at, step in enumerate(found["steps"], 1)
    ]
    return table(["", settings.unit, "run", "seconds", "client", "why this load"], rows)
