"""Writes saturation.html: the curve of a search, in one self-contained file."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from aisbench.accuracy.pairs import CANNOT_TELL, p_text
from aisbench.atomic import write_text
from aisbench.metrics import METRICS
from aisbench.report.charts.chart import drawn, titles
from aisbench.report.page.shell import chart_page
from aisbench.report.page.table import ABSENT, cards, figure, table
from aisbench.report.shown import known
from aisbench.studies.saturation.charts import CHARTS, Search
from aisbench.studies.saturation.doubt import clients, doubts
from aisbench.studies.saturation.settings import Settings
from aisbench.studies.saturation.table import (
    ACCURACY_NOTE,
    BATCHING,
    DIFFERING,
    ending,
    interval_words,
    is_scored,
)

# The order matters: each uses definitions of those before it.
_SCRIPTS = ("charts.js", "keys.js", "plain.js")
_VERDICT_WORDS = {
    "valid": "The client was not the bottleneck at the loads that decided the answer.",
    "doubtful": "The client may have been the bottleneck at the loads that decided the answer:",
    "invalid": "Do not rely on the answer: the client was invalid at the loads that decided it:",
}
# By their names in saturation.json.
_SHARES = (("accuracy", "accuracy"), ("differing", "differing answers"))
# The chips of accuracy.pairs' verdicts.
_CHANGED = {"better": "valid", "worse": "invalid"}
_SHOWN = tuple(metric for metric in METRICS if metric.headline and not metric.pooled)


def write_saturation(
    found: Mapping[str, Any], settings: Settings, command: Sequence[str], path: Path
) -> None:
    """Writes the page to `path`. `found`: the content of saturation.json; `command`: the command line that it shows."""
    parts = {
        **titles(CHARTS),
        "title": "Saturation",
        "subtitle": escape(_slo_words(found, settings)),
        "verdict": _verdict_section(found),
        "headline": headline(found, settings),
        "command": escape(shlex.join(command)),
        "throughput_note": escape(_throughput_note(found, settings)),
        "accuracy_note": escape(ACCURACY_NOTE),
        "accuracy_changes": _changes_table(found, settings),
        "points": _points_table(found, settings),
        "steps": _steps_table(found, settings),
    }
    write_text(chart_page("saturation.html", parts, drawn(CHARTS, Search(found)), _SCRIPTS), path)


def _slo_words(found: Mapping[str, Any], settings: Settings) -> str:
    what = "request rate" if settings.is_open_loop else "number of requests in flight"
    bounds = [*found["slo"], *(["a steady queue"] if settings.is_open_loop else [])]
    return f"The highest {what} with {', '.join(bounds)}. The search: {ending(found)}."


def _throughput_note(found: Mapping[str, Any], settings: Settings) -> str:
    notes = [
        "Requests done by load. Green points pass, red ones fail. Points are hollow where the client was not valid."
    ]
    if doubts(found)["max_load"] == "invalid":
        notes.append("No answer is drawn, because the client was invalid at the loads that decided it.")
    else:
        notes.append(
            "The vertical line is the answer, the shaded band its interval, and the dotted line the knee."
        )
    if settings.is_open_loop:
        notes.append(
            "Where points fall below the dashed line, fewer requests are done than come due: the queue grows."
        )
    return " ".join(notes)


def _verdict_section(found: Mapping[str, Any]) -> str:
    status = found["verdict"]["status"]
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in found["verdict"]["reasons"])
    words = _VERDICT_WORDS[status]
    listed = f"<ul>{reasons}</ul>" if reasons else ""
    return f'<section class="verdict {status}"><h2><span class="chip">{status}</span> {words}</h2>{listed}</section>'


def headline(found: Mapping[str, Any], settings: Settings) -> str:
    done = "done under overload" if settings.is_open_loop else "highest throughput"
    clients = doubts(found)
    shown = [
        ("meets the SLO up to", "max_load", settings.unit, interval_words(found["max_load_interval"])),
        (done, "capacity", "req/s", ""),
        ("knee", "knee", settings.unit, _knee_words(found)),
    ]
    rows = [(label, *answer(found[name], clients[name], unit, more)) for label, name, unit, more in shown]
    return cards([*rows, ("loads", f"{len(found['points'])}", f"{len(found['steps'])} runs")])


def answer(value: float | None, client: str, unit: str, more: str) -> tuple[str, str]:
    """The value of a card and the words below it. A figure that an invalid client reached is shown as not known."""
    if value is None:
        return "none", more or unit
    if client == "invalid":
        return "not known", f"the client was invalid at this step; it reached {value:.4g} {unit}"
    doubt = "the client was doubtful at this step" if client == "doubtful" else ""
    return f"{value:.4g}", "; ".join(part for part in (unit, more, doubt) if part)


def _knee_words(found: Mapping[str, Any]) -> str:
    if found["knee"] is None:
        return "it may lie below the lowest load measured"
    return f"{interval_words(found['knee_interval'])}; throughput / mean E2EL is highest"


def _chip(kind: str, text: str) -> str:
    """`kind`: valid, doubtful or invalid, which decides the colour."""
    return f'<span class="chip {kind}">{escape(text)}</span>'


def _points_table(found: Mapping[str, Any], settings: Settings) -> str:
    at = clients(found)
    shares = _SHARES if is_scored(found) else ()
    rows = []
    for point in found["points"]:
        verdict = _chip("valid", "passes") if point["passes"] else _chip("invalid", "fails")
        client = at.get(point["load"], "valid")
        rows.append(
            [
                f"{point['load']:g}",
                verdict + ("" if point["clear"] else " by chance?"),
                str(point["runs"]),
                _chip(client, client),
                figure(point["request_throughput"]),
                figure(point["output_throughput"]),
                figure(point["goodput"]),
                f"{100 * point['error_rate']:.2f}",
                *(_share_cell(point[name]) for name, _ in shares),
                *(_latency_cell(point["metrics"].get(metric.key)) for metric in _SHOWN),
            ]
        )
    head = [settings.unit, "", "runs", "client", "req/s", "output tokens/s", "goodput, req/s", "errors, %"]
    head += [f"{title}, %<br><small>95 % interval</small>" for _, title in shares]
    told = "" if found["reference"] is None else _reference_words(found["reference"])
    return told + table(
        [*head, *(f"{metric.title}, ms<br><small>mean / p99</small>" for metric in _SHOWN)], rows, "numbers"
    )


def _share_cell(share: Mapping[str, Any] | None) -> str:
    if share is None:
        return ABSENT
    low, high = 100 * share["low"], 100 * share["high"]
    return f"{100 * share['share']:.1f} <small>{low:.1f} to {high:.1f}</small>"


def _changes_table(found: Mapping[str, Any], settings: Settings) -> str:
    """The accuracy of each load against that of the lowest, over the questions that both asked; empty without scores."""
    rows = []
    for point in found["points"]:
        if (change := point.get("accuracy_change")) is None:
            continue
        low, high = 100 * change["low"], 100 * change["high"]
        verdict = escape(change["verdict"])
        rows.append(
            [
                f"{point['load']:g}",
                f"{change['from_load']:g}",
                f"{change['questions']:,}",
                f"{change['right_to_wrong']:,}",
                f"{change['wrong_to_right']:,}",
                f"{100 * change['difference']:+.1f} <small>{low:+.1f} to {high:+.1f}</small>",
                p_text(change["p"]),
                verdict if verdict == CANNOT_TELL else _chip(_CHANGED[verdict], verdict),
            ]
        )
    if not rows:
        return ""
    head = [settings.unit, "against", "questions of both", "score fell", "score rose"]
    head += ["difference, points<br><small>95 % interval</small>", "p", "accuracy"]
    return table(head, rows, "numbers")


def _reference_words(reference: Mapping[str, Any]) -> str:
    link = f'<a href="{escape(reference["folder"], quote=True)}/report.html">one at a time</a>'
    return f'<p class="hint">{reference["answers"]} questions were asked {link} first. Differing: {DIFFERING}. {BATCHING}.</p>'


def _latency_cell(figures: Mapping[str, Any] | None) -> str:
    mean, p99 = known(figures, "mean"), known(figures, "p99")
    return ABSENT if mean is None else f"{figure(mean)} / {figure(p99)}"


def _steps_table(found: Mapping[str, Any], settings: Settings) -> str:
    rows = [
        [
            str(at),
            f"{step['load']:g}",
            f'<a href="{escape(step["folder"], quote=True)}/report.html">report</a>',
            f"{step['seconds']:.0f}" + (" (cut early)" if step["early"] else ""),
            _chip(step["client"], step["client"]),
            escape(step["why"]),
        ]
        for at, step in enumerate(found["steps"], 1)
    ]
    return table(["", settings.unit, "run", "seconds", "client", "why this load"], rows)
