"""Formats a run as Markdown, for an issue, a pull request or a lab book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aisbench.analysis.statistics.figures import percentile_name
from aisbench.report.shown import APART, felt_from_plan, known, metric_title, shown
from aisbench.report.text.console import verdict_lines


def markdown(summary: dict[str, Any], percents: Sequence[float]) -> str:
    """The run's totals and latencies as two tables, then the verdict with its reasons."""
    config = summary["config"]
    where = f"{config.get('url') or ''}{config.get('endpoint') or ''}"
    requests, in_flight = summary["requests"], summary["in_flight"]
    target = summary["arrivals"]["asked_rate"]
    of = " conversations/s" if summary["arrivals"]["counts"] == "conversations" else ""
    limit = "no limit" if in_flight["limit"] is None else f"limit {in_flight['limit']}"
    totals = [
        ("Requests", f"{summary['completed']:,} completed, {summary['failed']:,} failed"),
        ("Duration", f"{summary['duration']:.2f} s"),
        (
            "Requests/s",
            f"{summary['request_throughput']:.2f}"
            + ("" if target is None else f" (target {target:.2f}{of})"),
        ),
        ("Output tokens/s", f"{summary['output_throughput']:,.2f}"),
        ("Input tokens", f"{summary['total_input_tokens']:,}"),
        ("Output tokens", f"{summary['total_output_tokens']:,}"),
        ("In flight", f"mean {in_flight['mean']:.1f}, peak {in_flight['peak']}, {limit}"),
    ]
    if summary["request_goodput"] is not None:
        totals.append(("Goodput", f"{summary['request_goodput']:.2f} requests/s"))
    totals += [
        (f"Not in the figures: {words}", f"{requests[name]:,}")
        for name, words in APART.items()
        if requests[name]
    ]
    columns = ("mean", "median", *(percentile_name(percent) for percent in percents))
    latencies = [
        (metric_title(summary, key) + aside, *(shown(known(found, name)) for name in columns))
        for aside, block in ((" from plan", felt_from_plan(summary)), ("", summary["metrics"]))
        for key, found in block.items()
    ]
    head, *reasons = verdict_lines(summary["verdict"])
    lines = [
        f"**{_cell(config.get('model') or 'unnamed model')}** at {_cell(where)}",
        "",
        *table(("", "value"), totals),
        "",
        *table(("ms", *columns), latencies),
        "",
        f"**{head}**",
        *(f"- {reason.strip().removeprefix('- ')}" for reason in reasons),
    ]
    return "\n".join(lines)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(map(_cell, line))} |" for line in lines]


def _cell(text: str) -> str:
    """`text` for a cell of a table, which an unescaped bar would end."""
    return str(text).replace("|", "\\|")
