"""Panels on sessions: their figures and swim lanes, by turn, and TTFT by cached share."""

from __future__ import annotations

from typing import Any

from aisbench.metrics import METRICS
from aisbench.report.charts.sessions.parts import share_name, turn_name
from aisbench.report.page.table import ABSENT, count, figure, table
from aisbench.report.shown import known

_COLUMNS = ("mean", "p50", "p90", "p99", "max")
_FIGURES = (
    ("duration_s", "duration, s"),
    ("waiting_s", "of it waiting for users and tools, s"),
    ("queued_s", "of it waiting for a slot, s"),
    ("turns", "turns sent (all sessions)"),
    ("context_tokens", "context at the end, tokens"),
)


def sessions(summary: dict[str, Any]) -> str:
    """The three panels; "" for each that the run has nothing for."""
    return _sessions(summary) + _by_turn(summary["sessions"]) + _by_cached_share(summary)


def _panel(title: str, csv: str, body: str) -> str:
    return (
        f'<section class="panel"><div class="bar"><h2>{title}</h2><span class="buttons">'
        f'<button type="button" data-csv="{csv}">CSV</button></span></div>{body}</section>'
    )


def _sessions(summary: dict[str, Any]) -> str:
    block = summary["sessions"]
    if block is None:
        return ""
    phases = '<b class="ttft">sent to first token</b>, <b class="decode">first to last token</b>'
    if "ttft_ms" not in summary["metrics"]:
        phases = '<b class="ttft">sent to whole answer</b>'
    planned = "" if block["planned"] is None else f" of {block['planned']:,} planned"
    told = [f"{block['begun']:,}{planned} began", f"{block['completed']:,} were completed"]
    told += [
        f"{block[key]:,} {words}"
        for key, words in (("failed", "had a turn that failed"), ("cut", "were cut off"))
        if block[key]
    ]
    progress = f"In progress at a time: {figure(block['in_progress_mean'])} on average, at most {block['in_progress_max']:,}."
    rows = [
        [title, *(_figure(known(block[key], column)) for column in _COLUMNS), f"{block[key]['count']:,}"]
        for key, title in _FIGURES
    ]
    return _panel(
        "Sessions",
        "sessions",
        f'<p class="hint">{", ".join(told)}. {progress} The table is of the completed ones; <code>sessions.csv</code> has a row for '
        f"each.</p>{table(['', *_COLUMNS, 'count'], rows, 'numbers')}"
        f'<p class="hint">A lane for each agent of the sessions that began first, sub-agents (·) below their parent: {phases}, '
        '<b class="wait">pause</b> for users, '
        'tools, sub-agents or a slot, <b class="failed">failed or cut off</b>. Point at a bar for its numbers; drag to zoom.</p>'
        '<div id="sessions" class="chart tall"></div>',
    )


def _figure(value: float | None) -> str:
    return ABSENT if value is None else count(value)


def _by_turn(block: dict[str, Any] | None) -> str:
    found = block["by_turn"] if block is not None else []
    if not found:
        return ""
    metrics = [metric for metric in METRICS if metric.headline and f"mean_{metric.key}" in found[0]]
    head = ["turn", "completed", "failed", "prompt tokens", "cached, %", "output tokens"]
    head += [f"{metric.title}, ms<br><small>p50 / p90 / p99</small>" for metric in metrics]
    rows = [
        [
            turn_name(one),
            f"{one['completed']:,}",
            f"{one['failed']:,}",
            figure(one["prompt_tokens"]),
            _percent(one["cached_share"]),
            figure(one["output_tokens"]),
            *(_three(one, metric.key) for metric in metrics),
        ]
        for one in found
    ]
    return _panel(
        "By turn",
        "turns",
        '<p class="hint">Latencies, mean prompt and the share of it that was in the prefix cache, by the place of a turn in its '
        "session. Later turns have longer prompts, and fewer sessions reach them.</p>"
        f'<div id="turns" class="chart tall"></div><details><summary>Table</summary>{table(head, rows, "numbers")}</details>',
    )


def _by_cached_share(summary: dict[str, Any]) -> str:
    found = summary["ttft_by_cached_share"] or []
    if sum(one["requests"] > 0 for one in found) < 2:
        return ""
    head = ["cached, %", "requests", "prompt tokens", "uncached tokens"]
    head += ["TTFT, ms<br><small>p50 / p90 / p99</small>", "TTFT per 1,000 uncached, ms"]
    rows = [
        [
            share_name(one),
            f"{one['requests']:,}",
            figure(one["prompt_tokens"]),
            figure(one["uncached_tokens"]),
            _three(one, "ttft_ms"),
            figure(one["ttft_ms_per_1000_uncached"]),
        ]
        for one in found
    ]
    return _panel(
        "TTFT by cached share",
        "cached-share",
        '<p class="hint">TTFT of the requests whose prompts were cached to about the same share, as their usage gave it. Where '
        "TTFT per 1,000 uncached tokens is level, prefill decides; where it rises, something else does, such as a queue.</p>"
        f'<div id="cached-share" class="chart tall"></div><details><summary>Table</summary>{table(head, rows, "numbers")}</details>',
    )


def _three(one: dict[str, Any], key: str) -> str:
    values = [one[f"{kind}_{key}"] for kind in ("p50", "p90", "p99")]
    return ABSENT if values[0] is None else " / ".join(figure(value) for value in values)


def _percent(share: float | None) -> str:
    return ABSENT if share is None else f"{100 * share:.1f}"
