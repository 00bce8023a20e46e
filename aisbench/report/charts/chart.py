"""What an entry of a table of charts says of its chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Generic, TypeVar

from aisbench.analysis.series import Series
from aisbench.report.charts.figure import Figure

Source = TypeVar("Source")


@dataclass(frozen=True)
class Table:
    """The numbers behind a chart as CSV: blocks of columns, one after the other.

    A column is an array or a list, or one value that stands in every line of its block; what a shorter column lacks is
    left blank. `cells` is a heat map's block: (name, edges of columns, edges of rows, counts of shape (rows, columns)).
    """

    head: Sequence[str]
    blocks: Sequence[Sequence[Any]] = ()
    cells: Sequence[tuple[str, Any, Any, Any]] = ()


def long_table(found: dict[str, Series]) -> Table:
    """Series of different times: one value a line."""
    return Table(
        ("name", "seconds", "value"), [[name, series.t_s, series.y] for name, series in found.items()]
    )


@dataclass(frozen=True, kw_only=True)
class Chart(Generic[Source]):
    """`name` is the id of its place on a page, and what `aisbench plot` calls it.

    `build` makes its figures: one by the name "", or several of which a button chooses, by the buttons' names and
    the first of them shown; none where there is nothing to draw. `tables`: what its CSV buttons give, by their names.
    `hint`: the words below the title where the page makes the chart's panel from this entry alone; its CSV button then
    gives the table that has the chart's name.
    """

    name: str
    title: str
    build: Callable[[Source], Mapping[str, Figure]]
    tables: Callable[[Source], Mapping[str, Table]] | None = None
    hint: str = ""
    # Whether pages draw it, and whether `aisbench plot` does.
    on_page: bool = True
    in_plots: bool = True
    # Of one run only, as several lie over each other to no use.
    alone: bool = False


def drawn(charts: Sequence[Chart[Source]], source: Source) -> dict[str, Any]:
    """What a page's script is given of these charts: figures by name and by form, and the tables."""
    figures: dict[str, Mapping[str, Figure]] = {}
    tables: dict[str, Table] = {}
    for chart in charts:
        if not chart.on_page:
            continue
        forms = chart.build(source)
        if forms:
            figures[chart.name] = forms
        if chart.tables is not None:
            tables.update(chart.tables(source))
    return {"charts": figures, "tables": tables}


def titles(charts: Sequence[Chart[Any]]) -> dict[str, str]:
    """The charts' titles for a page's template, as HTML: `rate_title` is that of the chart `rate`."""
    return {f"{chart.name.replace('-', '_')}_title": escape(chart.title) for chart in charts if chart.on_page}
