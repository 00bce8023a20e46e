"""Prints a comparison on the console."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from aisbench.studies.comparison.bootstrap import CONFIDENCE
from aisbench.studies.comparison.comparing import Comparison
from aisbench.studies.comparison.judge import Cell
from aisbench.studies.comparison.result import Group

_WIDTH = 110
# Relative differences from this on are shown as a factor instead of per cent.
_FACTOR_FROM = 2.0
SINGLE_RUNS = (
    "Single runs: the intervals cover chance among the requests, but not how much one run differs from the next. "
    "Repeat the runs (NAME=run,run,...) to include that."
)


def comparison_text(comparison: Comparison) -> str:
    """The groups, a row for each metric, the inputs and the reasons."""
    lines = [*_group_lines(comparison), "", *_metric_lines(comparison), ""]
    if comparison.has_single_runs:
        lines += [*_wrapped(SINGLE_RUNS), ""]
    for pair in comparison.pairs:
        lines.append(f"{pair.name} against {comparison.groups[0].name}")
        lines += _wrapped(f"inputs: {pair.inputs.words}", "  ")
        lines += [
            line for reason in pair.reasons for line in _wrapped(f"- {reason.topic}: {reason.text}", "  ")
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")


def _group_lines(comparison: Comparison) -> Iterator[str]:
    for at, group in enumerate(comparison.groups):
        mark = "baseline" if at == 0 else "compared with it"
        yield f"{group.name} ({mark}): {group_words(group)}"


def group_words(group: Group) -> str:
    """Tool, runs, load and verdicts in one line."""
    setup = group.first.setup
    rate = "?" if setup.rate is None else "inf" if math.isinf(setup.rate) else f"{setup.rate:g}/s"
    limit = "none" if setup.concurrency is None else str(setup.concurrency)
    parts = [group.first.tool, f"{len(group.runs)} runs" if len(group.runs) > 1 else "one run"]
    parts += [f"{setup.api or 'unknown API'}", f"rate {rate}", f"in-flight limit {limit}"]
    verdicts = [run.verdict for run in group.runs if run.verdict]
    if verdicts:
        parts.append(f"verdict {', '.join(dict.fromkeys(verdicts))}")
    return ", ".join(parts)


def _metric_lines(comparison: Comparison) -> Iterator[str]:
    """Columns: the metric, the baseline, and for each other group its value, the difference, the verdict."""
    names = [group.name for group in comparison.groups]
    table = [["", names[0], *(part for name in names[1:] for part in (name, "difference", "verdict"))]]
    for row in comparison.rows:
        line = [row.metric.label, value_text(row.cells[0])]
        for cell in row.cells[1:]:
            line += [value_text(cell), difference_text(cell), cell.verdict or ""]
        table.append(line)
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for at, line in enumerate(table):
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        if at == 0:
            yield "-" * min(sum(widths) + 2 * (len(widths) - 1), 2 * _WIDTH)
    yield legend(comparison.margin)


def legend(margin: float) -> str:
    return (
        f"[a, b]: {CONFIDENCE:.0%} interval from resampling requests; {{a, b}}: smallest and largest of the repeats; "
        f"differences within {margin:.0%} count as none"
    )


def value_text(cell: Cell) -> str:
    if cell.value is None:
        return "-"
    if cell.low is None or cell.high is None or (cell.counts and cell.low == cell.high):
        return figure(cell.value)
    left, right = "[]" if cell.range_of == "requests" else "{}"
    return f"{figure(cell.value)} {left}{figure(cell.low)}, {figure(cell.high)}{right}"


def difference_text(cell: Cell) -> str:
    """The relative difference with its interval; for counts, the difference itself."""
    reach = difference_reach(cell)
    return point_difference(cell) + (f" ({reach})" if reach else "")


def point_difference(cell: Cell) -> str:
    if cell.difference is not None and cell.counts:
        return f"{'+' if cell.difference > 0 else ''}{figure(cell.difference)}" if cell.difference else "0"
    return "-" if cell.ratio is None else _relative(cell.ratio - 1)


def difference_reach(cell: Cell) -> str:
    """The interval of the relative difference; "" if there is none."""
    if cell.ratio is None or cell.relative_low is None or cell.relative_high is None:
        return ""
    return f"{_relative(cell.relative_low)} to {_relative(cell.relative_high)}"


def _relative(change: float) -> str:
    """In per cent; a value that has more than tripled is easier to read as a factor."""
    return f"{change:+.1%}" if change < _FACTOR_FROM else f"x{figure(1 + change)}"


def figure(value: float) -> str:
    """Whole numbers in full, others with about four digits; thousands are separated by commas."""
    size = abs(value)
    if value == round(value) and size < 1e15:
        return f"{value:,.0f}"
    decimals = 0 if size >= 10_000 else 1 if size >= 1000 else 2 if size >= 10 else 3
    return f"{value:,.{decimals}f}"
