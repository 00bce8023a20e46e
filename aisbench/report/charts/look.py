"""The look of charts on pages and on paper. report.css has the pages' colours under the same names."""

from __future__ import annotations

from typing import Any

# The plotly template of all charts on pages. On a phone, PAGE_NARROW overrides parts of it.
PAGE = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "system-ui, sans-serif", "color": "text", "size": 12},
    # The top margin holds the row of buttons, and one or two rows of legend.
    "margin": {"l": 16, "r": 16, "t": 54, "b": 40},
    "legend": {
        "orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "font": {"size": 11.5},
    },
    "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "muted", "activecolor": "accent", "orientation": "h"},
    "hoverlabel": {"bgcolor": "panel", "bordercolor": "line", "font": {"color": "text", "size": 12}},
    **{
        axis: {
            "gridcolor": "line", "zerolinecolor": "line", "linecolor": "line", "automargin": True,
            "showgrid": True, "zeroline": True,
            "tickfont": {"color": "muted", "size": 11}, "title": {"font": {"size": 12, "color": "muted"}},
        }
        for axis in ("xaxis", "yaxis")
    },
}  # fmt: skip
PAGE_NARROW = {
    "margin": {"l": 8, "r": 8, "t": 54, "b": 36},
    # Two columns, even if the names are long.
    "legend": {"font": {"size": 10.5}, "entrywidth": 0.48, "entrywidthmode": "fraction"},
}

# The colours on paper are Okabe and Ito's, which colour-blind readers can tell apart.
PAPER = {
    "text": "#000000",
    "muted": "#444444",
    "line": "#d9d9d9",
    "accent": "#0072B2",
    "wait": "#999999",
    "ttft": "#D55E00",
    "decode": "#0072B2",
    "failed": "#CC79A7",
    "valid": "#009E73",
    "doubtful": "#E69F00",
    "invalid": "#D55E00",
}
# Colours and dashes for several runs in one chart. The dashes are for black-and-white print.
RUNS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def on_paper(node: Any, key: str = "") -> Any:
    """A copy of a figure, or of the part of it under `key`, with colours in place of their names."""
    if isinstance(node, dict):
        return {name: on_paper(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [on_paper(value, key) for value in node]
    if isinstance(node, str) and "color" in key:
        return _painted(node)
    return node


def _painted(colour: str) -> str:
    """The colour for a name, which an opacity may follow. Anything else is a colour already."""
    name, _, alpha = colour.partition(" ")
    return opaque(PAPER[name], alpha) if name in PAPER else colour


def opaque(colour: str, alpha: str) -> str:
    """The colour #rrggbb with the opacity `alpha`; unchanged if that is ""."""
    if not alpha:
        return colour
    red, green, blue = bytes.fromhex(colour[1:])
    return f"rgba({red},{green},{blue},{alpha})"
