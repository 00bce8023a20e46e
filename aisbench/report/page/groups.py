"""Tables of parts of a run: the stable and the settled stage, each server, node and slice."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from typing import Any

from aisbench.metrics import METRICS
from aisbench.report.glossary import link, linked
from aisbench.report.page.table import ABSENT, figure, table
from aisbench.report.shown import known
from aisbench.report.stages import missing

_STAGES = {"aisbench": "stable stage", "statistical": "settled stage"}


def stable(summary: dict[str, Any]) -> str:
    """The stable and the settled stage beside the whole run, and why one of them is missing."""
    whole = {
        "window_ms": [0.0, summary["duration"] * 1e3],
        "completed": summary["completed"],
        "in_flight_mean": summary["in_flight"]["mean"],
        **{name: summary[name] for name in ("request_throughput", "output_throughput")},
        "metrics": summary["metrics"],
    }
    found = {"whole run": whole}
    found |= {title: summary["stable"][name] for name, title in _STAGES.items()}
    absent = {title: missing(stage) for title, stage in found.items() if stage is not whole}
    remarks = "".join(
        f'<p class="hint">No {escape(title)}: {escape(why)}.</p>' for title, why in absent.items() if why
    )
    shown = {title: stage for title, stage in found.items() if not absent.get(title)}
    if len(shown) == 1:
        return remarks
    remarks += "".join(
        f'<p class="hint">The {escape(title)} is less than three times as long as its longest request. Many of the '
        "requests that start in it end after it, so its throughput is only approximate.</p>"
        for title, stage in shown.items()
        if not stage.get("long_enough", True)
    )
    cells = {title: _stage_cells(stage) for title, stage in shown.items()}
    # A column for each stage, because three columns fit on a phone.
    rows = [[linked(name), *(of_stage[name] for of_stage in cells.values())] for name in cells["whole run"]]
    note = (
        '<p class="hint">The lower half of the concurrency chart shades the stable stage, from the first send after in-flight reached its '
        f"maximum to the last moment at it. The upper half shades the settled stage, without warm-up (by {link('MSER-5', 'MSER-5')}) and drain. "
        "Latencies cover the requests that start in a stage. The throughput of the settled stage counts what arrived in it.</p>"
    )
    return table(["", *map(linked, cells)], rows, "numbers") + note + remarks


def _stage_cells(stage: dict[str, Any]) -> dict[str, str]:
    """A stage's column of the table: its cells by the rows' names."""
    cells = {
        "window, s": " to ".join(figure(ms / 1e3) for ms in stage["window_ms"]),
        "requests": f"{stage['completed']:,}",
        "in flight, mean": figure(stage["in_flight_mean"]),
        "requests/s": figure(stage["request_throughput"]),
        "output tokens/s": figure(stage["output_throughput"]),
    }
    for metric in METRICS:
        # Pooled metrics (ITL) have no figures by stage.
        if metric.headline and not metric.pooled and metric.key in stage["metrics"]:
            for kind in ("mean", "p99"):
                cells[f"{metric.title} {kind}, ms"] = figure(known(stage["metrics"][metric.key], kind))
    return cells


def parts(summary: dict[str, Any]) -> str:
    """The tables by server and by node, for a run that has several; "" otherwise."""
    found = ""
    if summary["endpoints"]:
        found += _by_part("By server", "server", [(row["url"], row) for row in summary["endpoints"]])
    if summary.get("nodes"):
        rows = [(f"{row['node']}: {row['host']}", row) for row in summary["nodes"]]
        found += _by_part("By node", "node", rows, _NODE_COLUMNS)
    return found


# Figures that only nodes have, by key.
_NODE_COLUMNS = {
    "workers": "workers",
    "lag_p99_ms": "schedule lag p99, ms",
    "clock_offset_ms": "clock ahead, ms",
    "clock_error_ms": "error of that, ms",
}


def _by_part(
    title: str,
    what: str,
    rows: list[tuple[str, dict[str, Any]]],
    more: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """A table with a line for each of `rows`, which has its name and its figures. `more`: further columns, by key."""
    metrics = [m for m in METRICS if m.headline and f"mean_{m.key}" in rows[0][1]]
    head = [what, "completed", "failed", "requests/s", "output tokens/s", *more.values()]
    head += [f"{metric.title}, ms<br><small>mean / p50 / p99</small>" for metric in metrics]
    lines = [
        [
            escape(str(name)),
            f"{row['completed']:,}",
            f"{row['failed']:,}",
            figure(row["request_throughput"]),
            figure(row["output_throughput"]),
            *(figure(row[key]) for key in more),
            *(_three_of(row, metric.key) for metric in metrics),
        ]
        for name, row in rows
    ]
    return f'<section class="panel"><h2>{title}</h2>{table(head, lines, "numbers groups")}</section>'


def _three_of(row: dict[str, Any], key: str) -> str:
    """Mean, median and p99 in one cell: a column for each would not fit the page."""
    values = [row[f"{kind}_{key}"] for kind in ("mean", "p50", "p99")] if row["completed"] else [None]
    return ABSENT if values[0] is None else " / ".join(figure(value) for value in values)


def slices(summary: dict[str, Any]) -> str:
    """The panel on the slices; "" if the run has none."""
    block = summary["slices"]
    if block is None:
        return ""
    measures = {
        f"{kind}_{metric.key}": f"{metric.title} {kind}, ms"
        for metric in METRICS
        for kind in ("p50", "p99")
        if metric.headline and f"{kind}_{metric.key}" in block["slices"][0]
    }
    rows = [
        [
            f"{part['begin_s']:g} to {part['end_s']:.6g} s",
            f"{part['completed']:,}",
            f"{part['failed']:,}",
            figure(part["in_flight_mean"]),
            figure(part["request_throughput"]),
            figure(part["output_throughput"]),
            *(figure(part[name]) for name in measures),
        ]
        for part in block["slices"]
    ]
    head = ["", "completed", "failed", "in flight", "requests/s", "output tokens/s"]
    head += measures.values()
    return (
        f'<section class="panel"><div class="bar"><h2>Slices of {block["width_s"]:g} s</h2><span class="buttons">'
        '<button type="button" data-csv="slices">CSV</button></span></div>'
        '<div id="slices" class="chart tall"></div>'
        f"<details><summary>Table</summary>{table(head, rows, 'numbers')}</details></section>"
    )
