"""Writes the comparison of two sweeps: comparison.json, and comparison.html with both frontiers."""

from __future__ import annotations

from html import escape
from pathlib import Path

import orjson

from aisbench.atomic import write_bytes, write_text
from aisbench.report.charts.chart import drawn, titles
from aisbench.report.page.shell import chart_page
from aisbench.report.page.table import said, table
from aisbench.studies.comparison.judge import CANNOT_TELL, Cell
from aisbench.studies.comparison.table import difference_reach, legend, point_difference, value_text
from aisbench.studies.sweep.charts import CHARTS, Swept, user_title
from aisbench.studies.sweep.comparison.comparing import SweepComparison
from aisbench.studies.sweep.comparison.table import SHOWN, only_lines, rows_of, verdicts_text
from aisbench.studies.sweep.page import SCRIPTS

_CHIPS = {"same": "valid", "differs": "invalid", CANNOT_TELL: "doubtful"}


def write_sweeps(comparison: SweepComparison, folder: Path) -> None:
    """Writes both files into `folder`, which is created if needed."""
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(orjson.dumps(comparison.as_dict(), option=orjson.OPT_INDENT_2), folder / "comparison.json")
    write_text(_page(comparison), folder / "comparison.html")


def _page(comparison: SweepComparison) -> str:
    first, second = comparison.sides
    swept = Swept({side.name: side.found for side in comparison.sides})
    parts = {
        **titles(CHARTS),
        "title": escape(f"{second.name} against {first.name}"),
        "subtitle": escape(f"{len(comparison.matched)} points in both sweeps. Baseline: {first.name}."),
        "command": escape(f"aisbench compare {first.folder} {second.folder}"),
        "note": escape(
            f"One colour for each sweep; the broad lines are their frontiers. Horizontally: {user_title(swept.user)}."
        ),
        "only": "".join(f"<p>{said(line)}</p>" for line in only_lines(comparison)),
        "verdicts": escape(verdicts_text(comparison)),
        "legend": escape(legend(comparison.margin)),
        "points": _points(comparison),
    }
    return chart_page("sweeps.html", parts, drawn(CHARTS, swept), SCRIPTS)


def _points(comparison: SweepComparison) -> str:
    first, second = (escape(side.name) for side in comparison.sides)
    rows = []
    for matched in comparison.matched:
        cells = dict(rows_of(matched))
        line = [said(matched.name)]
        for title in SHOWN.values():
            row = cells.get(title)
            line.append("–" if row is None else _cell(*row.cells))
        rows.append([*line, matched.inputs])
    head = [
        "point",
        *(f"{title}<br><small>{first} → {second}</small>" for title in SHOWN.values()),
        "prompts",
    ]
    return table(head, rows, "numbers")


def _cell(base: Cell, other: Cell) -> str:
    """Both values, the difference with its interval, and the verdict."""
    verdict = other.verdict or CANNOT_TELL
    reach = difference_reach(other)
    values = f"{escape(value_text(base).partition(' ')[0])} → {escape(value_text(other).partition(' ')[0])}"
    return (
        f"{values}<br>{escape(point_difference(other))}"
        f"{f' <small>{escape(reach)}</small>' if reach else ''}<br>"
        f'<span class="chip {_CHIPS[verdict]}" title="{escape(other.why or "", quote=True)}">{verdict}</span>'
    )
