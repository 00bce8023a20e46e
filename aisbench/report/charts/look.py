"""What charts look like: on pages (with report.css, which has the colours by the same names) and on paper."""

from __future__ import annotations

from typing import Any

# What all charts of the pages share, as plotly's template. On a phone the second is laid over the first.
PAGE = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "system-ui, sans-serif", "color": "text", "size": 12},
    # Above the plot: the buttons' row, and the legend's one row or two.
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
    # Two columns, however long the names.
    "legend": {"font": {"size": 10.5}, "entrywidth": 0.48, "entrywidthmode": "fraction"},
}

# The pages' colours on paper: Okabe and Ito's, which colour-blind readers can tell apart.
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
# Of several runs in one chart; they also differ by their dashes, for print in black and white.
RUNS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def on_paper(node: Any, key: str = "") -> Any:
    """A figure (or a part of it, which stands at `key`) with colours in place of their names."""
    if isinstance(node, dict):
        return {name: on_paper(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [on_paper(value, key) for value in node]
    if isinstance(node, str) and "color" in key:
        return _painted(node)
    return node


def _painted(colour: str) -> str:
    """The colour of a name, which an opacity may follow; others are colours already."""
    name, _, alpha = colour.partition(" ")
    return opaque(PAPER[name], alpha) if name in PAPER else colour


def opaque(colour: str, alpha: str) -> str:
    """The colour #rrggbb with an opacity; as it is for ""."""
    if not alpha:
        return colour
    red, green, blue = bytes.fromhex(colour[1:])
    return f"rgba({red},{green},{blue},{alpha})"
