"""Builds every page as one self-contained file from template, styles, scripts and data."""

from __future__ import annotations

import base64
import hashlib
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
# The scripts in what comes after the page.
_SOURCES = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_SCRIPT = "<script>\n{{script}}\n</script>\n"
# Scripts, data and styles are not searched for links to the glossary.
_NO_WORDS = ("script", "data", "plotly", "style")
CHARTS = (
    '<script type="application/json" id="data">{{data}}</script>\n<script>{{plotly}}</script>\n' + _SCRIPT
)


def page(main: str, parts: dict[str, str], *, styles: Sequence[str] = (), scripts: Sequence[str] = ()) -> str:
    """A page around the asset `main`. `parts`: HTML for its places, `title` and `subtitle` among them."""
    after = _SCRIPT if scripts else ""
    return filled(main, after, {**parts, **_styled(styles), "script": joined(scripts)})


def chart_page(main: str, parts: dict[str, str], data: dict[str, Any], scripts: Sequence[str]) -> str:
    """A page with charts. `data`: the result of chart.drawn, and whatever else the scripts need.

    The order of `scripts` matters: each may use definitions of those before it.
    """
    data = {**embedded(data), "look": {"page": PAGE, "narrow": PAGE_NARROW}}
    own = {"data": json_text(data), "plotly": _script_text(_plotly_source()), "script": joined(scripts)}
    return filled(main, CHARTS, {**parts, **_styled(()), **own})


def filled(main: str, after: str, parts: dict[str, str]) -> str:
    template = (
        _asset("shell.html").replace("{{main}}", _asset(main) + "{{words}}").replace("{{after}}", after)
    )
    written = "".join(text for name, text in parts.items() if name not in _NO_WORDS)
    parts = {**parts, "words": glossary.section(written), "policy": _policy(after, parts)}
    # One pass, so that inserted text is not searched for places.
    return _PLACE.sub(lambda place: parts[place[1]], template)


def _policy(after: str, parts: dict[str, str]) -> str:
    """A content security policy, which keeps scripts that slipped into a page's words from running.

    Only our own run, by their hashes, and nothing is loaded but from the server of a live page.
    """
    ours = (_PLACE.sub(lambda place: parts[place[1]], source) for source in _SOURCES.findall(after))
    hashes = " ".join(f"'sha256-{_hash(source)}'" for source in ours) or "'none'"
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


@cache
def _hash(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _styled(more: Sequence[str]) -> dict[str, str]:
    return {"style": "\n".join(_asset(name) for name in ("report.css", *more))}


def joined(scripts: Sequence[str]) -> str:
    return _script_text("".join(_asset(name) for name in scripts))


@cache
def _asset(name: str) -> str:
    return (files("aisbench.report") / "assets" / name).read_text(encoding="utf-8")


@cache
def _plotly_source() -> str:
    """plotly.js for charts with two axes, minified: a third of the whole library, and no Python package needed."""
    return _asset("plotly-cartesian.min.js")


def json_text(data: Any) -> str:
    """JSON without any `<` (it only occurs in strings), so that it cannot end the script element around it."""
    return orjson.dumps(data).decode().replace("<", "\\u003c")


def _script_text(source: str) -> str:
    """A script whose strings cannot end the element around it: `</` and `<\\/` are the same in JavaScript strings."""
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--")
