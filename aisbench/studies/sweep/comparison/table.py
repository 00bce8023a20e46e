"""Prints a comparison of sweeps on the console."""

from __future__ import annotations

from collections.abc import Iterator

from aisbench.studies.comparison.judge import Cell, Row
from aisbench.studies.comparison.table import difference_text, legend, value_text
from aisbench.studies.sweep.comparison.comparing import Matched, SweepComparison

# The metrics that are shown, by their keys in comparison.judge; comparison.json has all.
SHOWN = {
    "output_throughput": "output tokens/s",
    "ttft_ms.p99": "TTFT p99, ms",
    "tpot_ms.mean": "TPOT mean, ms",
    "e2el_ms.mean": "E2EL mean, ms",
}


def rows_of(matched: Matched) -> Iterator[tuple[str, Row]]:
    """The shown metrics of a point that it has."""
    for row in matched.rows:
        if row.metric.key in SHOWN:
            yield SHOWN[row.metric.key], row


def comparison_text(comparison: SweepComparison) -> str:
    """A block of lines for each point, then the points that only one sweep has."""
    first, second = comparison.sides
    lines = [f"{second.name} against {first.name}, {len(comparison.matched)} points in both", ""]
    for matched in comparison.matched:
        lines.append(f"{matched.name}  (prompts: {matched.inputs})")
        for title, row in rows_of(matched):
            base, other = row.cells
            lines.append(
                f"  {title:<16} {value_text(base):>28}  {value_text(other):>28}  {difference_text(other)}  {other.verdict}"
            )
    lines += ["", *only_lines(comparison)]
    for side in comparison.sides:
        lines.append(f"frontier of {side.name}: {'; '.join(side.found['frontier'])}")
    lines.append(f"{verdicts_text(comparison)}")
    lines.append(legend(comparison.margin))
    return "\n".join(lines)


def only_lines(comparison: SweepComparison) -> Iterator[str]:
    for name, points in comparison.only.items():
        if points:
            yield f"only in {name}: {'; '.join(points)}"


def verdicts_text(comparison: SweepComparison) -> str:
    """How many points differ, by metric."""
    parts = []
    for key, title in SHOWN.items():
        cells = [cell for one in comparison.matched if (cell := cell_of(one, key)) is not None]
        if cells:
            counts = {
                verdict: sum(cell.verdict == verdict for cell in cells)
                for verdict in ("same", "differs", "cannot tell")
            }
            parts.append(
                f"{title}: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count)
            )
    return "; ".join(parts)


def cell_of(matched: Matched, key: str) -> Cell | None:
    """The second sweep's cell of a metric."""
    return next((row.cells[1] for row in matched.rows if row.metric.key == key), None)
