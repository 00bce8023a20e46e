"""Figures and tables as the page shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from aisbench.printable import printable
from aisbench.report.glossary import linked

# In place of a figure that was not measured.
ABSENT = "–"


def figure(value: float | None) -> str:
    """About four significant digits, thousands separated, never more than three decimals; a dash for None."""
    if value is None:
        return ABSENT
    if value == 0:
        return "0"
    size = abs(value)
    decimals = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3
    return f"{value:,.{decimals}f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Cells are HTML already; the first of each row is its heading."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def cards(shown: Iterable[tuple[str, str, str]]) -> str:
    """Headline figures as (label, value, aside), all of them plain text; a value may have a unit after a blank."""
    return "".join(
        f'<div class="card"><div class="label">{linked(label)}</div><div class="value">{_with_unit(value)}</div>'
        f'<div class="aside">{_unbroken(aside)}</div></div>'
        for label, value, aside in shown
    )


def _unbroken(text: str) -> str:
    """As HTML; figures are not parted from their units at the end of a line."""
    return re.sub(r"(\d|limit) (?=m?s\b|\d)", "\\1&nbsp;", escape(text))


def count(value: float) -> str:
    """Of tokens and the like: whole numbers have no decimals."""
    return f"{value:,.0f}" if value == round(value) else figure(value)


def said(text: object) -> str:
    """Words that a server may have had a hand in, as HTML."""
    return escape(printable(str(text)))


def _with_unit(value: str) -> str:
    number, _, unit = value.partition(" ")
    if not number[:1].isdigit():
        return escape(value)
    return escape(number) + (f" <small>{escape(unit)}</small>" if unit else "")
