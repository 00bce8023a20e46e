"""The shell of all pages: one file that needs nothing else, from template, style, script and data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from aisbench.report import glossary
from aisbench.report.charts.embedding import embedded
from aisbench.report.charts.look import PAGE, PAGE_NARROW

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_SCRIPT = "<script>\n{{script}}\n</script>\n"
# Parts that are scripts and data: no words of the glossary are looked for in them.
_NO_WORDS = ("script", "data", "plotly", "style")
CHARTS = (
    '<script type="application/json" id="data">{{data}}</script>\n<script>{{plotly}}</script>\n' + _SCRIPT
)


def page(main: str, parts: dict[str, str], *, styles: Sequence[str] = (), scripts: Sequence[str] = ()) -> str:
    """The page whose middle is the asset `main`, its places filled with `parts` (HTML; `title`, `subtitle`)."""
    after = _SCRIPT if scripts else ""
    return filled(main, after, {**parts, **_styled(styles), "script": joined(scripts)})


def chart_page(main: str, parts: dict[str, str], data: dict[str, Any], scripts: Sequence[str]) -> str:
    """As `page`, with plotly and `data` (chart.drawn's, and what else the scripts need) for charts; each of `scripts`
    uses what those before it define."""
    data = {**embedded(data), "look": {"page": PAGE, "narrow": PAGE_NARROW}}
    own = {"data": json_text(data), "plotly": _script_text(_plotly_source()), "script": joined(scripts)}
    return filled(main, CHARTS, {**parts, **_styled(()), **own})


def filled(main: str, after: str, parts: dict[str, str]) -> str:
    template = (
        _asset("shell.html").replace("{{main}}", _asset(main) + "{{words}}").replace("{{after}}", after)
    )
    written = "".join(text for name, text in parts.items() if name not in _NO_WORDS)
    parts = {**parts, "words": glossary.section(written)}
    # One pass: what is put in is never searched for places itself.
    return _PLACE.sub(lambda place: parts[place[1]], template)


def _styled(more: Sequence[str]) -> dict[str, str]:
    return {"style": "\n".join(_asset(name) for name in ("report.css", *more))}


def joined(scripts: Sequence[str]) -> str:
    return _script_text("".join(_asset(name) for name in scripts))


@cache
def _asset(name: str) -> str:
    return (files("aisbench.report") / "assets" / name).read_text(encoding="utf-8")


@cache
def _plotly_source() -> str:
    """plotly.js for charts with two axes, minified: a third of the whole library, and without its Python package."""
    return _asset("plotly-cartesian.min.js")


def json_text(data: Any) -> str:
    """JSON that cannot end the script element it stands in: no `<` is left (it only occurs in strings)."""
    return orjson.dumps(data).decode().replace("<", "\\u003c")


def _script_text(source: str) -> str:
    """A script whose strings cannot end the element: `</` and `<\\/` are the same in JavaScript strings."""
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--")
