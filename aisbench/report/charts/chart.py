"""Defines an entry of a table of charts, and the numbers behind a chart."""

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

    A column is an array, a list, or one value for every line of its block. Shorter columns end in blanks. `cells`: the
    blocks of a heat map, as (name, edges of columns, edges of rows, counts of shape (rows, columns)).
    """

    head: Sequence[str]
    blocks: Sequence[Sequence[Any]] = ()
    cells: Sequence[tuple[str, Any, Any, Any]] = ()


def long_table(found: dict[str, Series]) -> Table:
    """A table of series with different times: one value per line."""
    return Table(
        ("name", "seconds", "value"), [[name, series.t_s, series.y] for name, series in found.items()]
    )


@dataclass(frozen=True, kw_only=True)
class Chart(Generic[Source]):
    """A chart of a page, of `aisbench plot`, or of both.

    `name`: the id of its place on a page, and its name in `aisbench plot`.
    `build`: makes its figures by form. A chart with one form calls it "". If there are several, buttons with their
    names choose one, and the first is shown at the start. An empty result means that there is nothing to draw.
    `tables`: makes the tables for its CSV buttons, by the buttons' names.
    `hint`: the caption, for a chart whose panel is made from this entry alone. Its CSV button gives the table named
    after the chart.
    """

    name: str
    title: str
    build: Callable[[Source], Mapping[str, Figure]]
    tables: Callable[[Source], Mapping[str, Table]] | None = None
    hint: str = ""
    # Whether such a panel has room for several charts above each other.
    tall: bool = False
    # Whether pages draw it, and whether `aisbench plot` does.
    on_page: bool = True
    in_plots: bool = True
    # Only for one run: several would cover each other.
    alone: bool = False


def drawn(charts: Sequence[Chart[Source]], source: Source) -> dict[str, Any]:
    """The charts as a page's script needs them: figures by name and form, and tables by name."""
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
    """The charts' titles as HTML for a page's template; the title of the chart `rate` is at `rate_title`."""
    return {f"{chart.name.replace('-', '_')}_title": escape(chart.title) for chart in charts if chart.on_page}
