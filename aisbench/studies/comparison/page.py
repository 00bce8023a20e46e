"""Writes comparison.html: one self-contained file that needs no script."""

from __future__ import annotations

from html import escape
from pathlib import Path

import orjson

from aisbench.atomic import write_bytes, write_text
from aisbench.report.page.shell import page
from aisbench.report.page.table import table
from aisbench.studies.comparison.comparing import Comparison, Pair
from aisbench.studies.comparison.judge import CANNOT_TELL, Cell, Row
from aisbench.studies.comparison.result import Group
from aisbench.studies.comparison.table import (
    SINGLE_RUNS,
    difference_reach,
    difference_text,
    group_words,
    legend,
    point_difference,
    value_text,
)

# How far a bar reaches to either side, in margins.
_MARGINS_SHOWN = 4
_BAR_PX, _BAR_HEIGHT_PX, _EDGE_PX = 160, 16, 4


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Writes comparison.json and comparison.html into `folder`, which is created if needed."""
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(orjson.dumps(comparison.as_dict(), option=orjson.OPT_INDENT_2), folder / "comparison.json")
    write_text(_comparison_page(comparison), folder / "comparison.html")


def _comparison_page(comparison: Comparison) -> str:
    names = [group.name for group in comparison.groups]
    parts = {
        "title": escape(" against ".join(reversed(names)) if len(names) == 2 else "Comparison"),
        "subtitle": escape(f"baseline: {names[0]}"),
        "groups": _groups_table(comparison.groups),
        "legend": escape(legend(comparison.margin))
        + ". Bars show the interval of the relative difference; the grey band is the margin.",
        "metrics": _metrics_table(comparison),
        "caveat": escape(SINGLE_RUNS) if comparison.has_single_runs else "",
        "pairs": "".join(_pair_panel(comparison.groups[0], pair) for pair in comparison.pairs),
        "json": escape(orjson.dumps(comparison.as_dict(), option=orjson.OPT_INDENT_2).decode()),
    }
    return page("comparison.html", parts, styles=("comparison.css",))


def _groups_table(groups: tuple[Group, ...]) -> str:
    rows = []
    for group in groups:
        paths = "<br>".join(f"<code>{escape(run.path)}</code>" for run in group.runs)
        bodies = group.first.fingerprint.get("bodies")
        print_of = f"<code>{escape(str(bodies)[:16])}</code>" if bodies else "none"
        rows.append([escape(group.name), escape(group_words(group)), paths, print_of])
    return table(["", "run", "read from", "fingerprint of the bodies"], rows)


def _metrics_table(comparison: Comparison) -> str:
    names = [escape(group.name) for group in comparison.groups]
    head = ["", names[0]]
    for name in names[1:]:
        head += [name, "difference"]
    return table(head, [_metric_row(row, comparison.margin) for row in comparison.rows], "numbers compared")


def _metric_row(row: Row, margin: float) -> list[str]:
    cells = [escape(row.metric.label), _value_cell(row.cells[0])]
    for cell in row.cells[1:]:
        cells += [_value_cell(cell), _difference_cell(cell, margin)]
    return cells


def _difference_cell(cell: Cell, margin: float) -> str:
    """The difference and its verdict, above the interval and its bar: one column, so that several groups fit."""
    kind = _css_class(cell.verdict)
    reach = difference_reach(cell)
    verdict = (
        f'<span class="chip {kind}" title="{escape(cell.why or "")}">{escape(cell.verdict or "")}</span>'
    )
    return (
        f'<span class="{kind}">{escape(point_difference(cell))}</span> {verdict}'
        + (f'<span class="range">{escape(reach)}</span>' if reach else "")
        + _bar(cell, margin)
    )


def _css_class(verdict: str | None) -> str:
    return "cannot" if verdict == CANNOT_TELL else verdict or ""


def _value_cell(cell: Cell) -> str:
    if cell.value is None:
        return "–"
    value, _, reach = value_text(cell).partition(" ")
    return f'{value}<span class="range">{escape(reach)}</span>' if reach else value


def _bar(cell: Cell, margin: float) -> str:
    """The interval of the relative difference as a line over the margin's band; "" if there is no interval."""
    if cell.relative_low is None or cell.relative_high is None or cell.ratio is None:
        return ""
    shown = _MARGINS_SHOWN * margin

    def place(value: float) -> float:
        return (min(max(value, -shown), shown) / shown + 1) / 2 * (_BAR_PX - 2 * _EDGE_PX) + _EDGE_PX

    middle, kind = _BAR_HEIGHT_PX / 2, _css_class(cell.verdict)
    band = place(-margin), place(margin)
    low, high, point = place(cell.relative_low), place(cell.relative_high), place(cell.ratio - 1)
    return (
        f'<svg width="{_BAR_PX}" height="{_BAR_HEIGHT_PX}" role="img" aria-label="{escape(difference_text(cell))}">'
        f'<rect class="band" x="{band[0]:.1f}" y="2" width="{band[1] - band[0]:.1f}" height="{_BAR_HEIGHT_PX - 4}"/>'
        f'<line class="zero" x1="{place(0):.1f}" x2="{place(0):.1f}" y1="0" y2="{_BAR_HEIGHT_PX}"/>'
        f'<line class="reach {kind}" x1="{low:.1f}" x2="{max(high, low + 1):.1f}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="{kind}" cx="{point:.1f}" cy="{middle}" r="3.5"/></svg>'
    )


def _pair_panel(baseline: Group, pair: Pair) -> str:
    facts = table(
        ["", escape(baseline.name), escape(pair.name), ""],
        [
            [escape(fact.name), escape(fact.first), escape(fact.second), _AGREEMENT[fact.equal]]
            for fact in pair.inputs.facts
        ],
    )
    items = "".join(
        f"<li><b>{escape(reason.topic)}</b>: {escape(reason.text)} <small>({escape(', '.join(reason.touches))})</small></li>"
        for reason in pair.reasons
    )
    why = f'<ul class="reasons">{items}</ul>' if items else "<p>The two results contain no reason.</p>"
    return (
        f'<section class="panel"><h2>{escape(pair.name)} against {escape(baseline.name)}</h2>'
        f"<h3>Were the inputs the same?</h3><p>{escape(pair.inputs.words)}</p>{facts}"
        f"<h3>Why these two may differ</h3>{why}</section>"
    )


_AGREEMENT = {
    True: '<span class="same">equal</span>',
    False: '<span class="differs">differs</span>',
    None: '<span class="cannot">not known</span>',
}
