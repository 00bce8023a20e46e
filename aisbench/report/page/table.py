"""Figures, tables and cards as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from aisbench.printable import printable
from aisbench.report.glossary import linked

# Shown for a figure that was not measured.
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
    """A table of cells that are already HTML; the first cell of each row is its heading."""
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
    """Cards of (label, value, aside), all plain text; a blank separates a value from its unit."""
    return "".join(
        f'<div class="card"><div class="label">{linked(label)}</div><div class="value">{_with_unit(value)}</div>'
        f'<div class="aside">{_unbroken(aside)}</div></div>'
        for label, value, aside in shown
    )


def _unbroken(text: str) -> str:
    """`text` as HTML, with no line break between a figure and its unit."""
    return re.sub(r"(\d|limit) (?=m?s\b|\d)", "\\1&nbsp;", escape(text))


def count(value: float) -> str:
    """A count, such as of tokens: no decimals if it is a whole number."""
    return f"{value:,.0f}" if value == round(value) else figure(value)


def said(text: object) -> str:
    """Text that may contain a server's words, made printable and escaped for HTML."""
    return escape(printable(str(text)))


def _with_unit(value: str) -> str:
    number, _, unit = value.partition(" ")
    if not number[:1].isdigit():
        return escape(value)
    return escape(number) + (f" <small>{escape(unit)}</small>" if unit else "")
