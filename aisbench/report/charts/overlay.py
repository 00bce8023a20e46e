"""Combines the same chart of several runs into one, with a colour and a dash for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aisbench.report.charts.figure import DETAIL, Figure, Trace, plain
from aisbench.report.charts.look import DASHES, RUNS, opaque

# A line at least this broad is a background for another and needs no dashes.
_BAND_PX = 4


def overlaid(figures: Mapping[str, Figure]) -> Figure:
    """One figure from `figures`, which are the same chart by the runs' names.

    A level that is the same in all runs, such as a limit, is drawn once, in grey. Details and shading of single runs
    are left out. Lines over the whole height are kept.
    """
    if len(figures) == 1:
        return next(iter(figures.values()))
    shown = {
        name: [t for t in figure["data"] if not DETAIL.items() <= t.items()]
        for name, figure in figures.items()
    }
    common = _common(list(shown.values()))
    traces = [
        _tinted(trace, trace["name"], "#777777")
        for trace in next(iter(shown.values()))
        if trace["name"] in common
    ]
    shapes = []
    for at, (name, figure) in enumerate(figures.items()):
        colour = RUNS[at % len(RUNS)]
        own = [trace for trace in shown[name] if trace["name"] not in common]
        alone = len(own) == 1
        # Colour marks the run, so curves of one run on one axis differ by dash.
        seen: dict[str, int] = {}
        for trace in own:
            drawn = _tinted(trace, plain(name) if alone else f"{plain(name)}, {trace['name']}", colour)
            if alone:
                drawn["line"]["dash"] = DASHES[at % len(DASHES)]
            elif trace["line"]["width"] < _BAND_PX:
                axis = trace.get("yaxis", "y")
                drawn["line"]["dash"] = DASHES[seen.get(axis, 0) % len(DASHES)]
                seen[axis] = seen.get(axis, 0) + 1
            traces.append(drawn)
        lines = [shape for shape in figure["layout"].get("shapes", ()) if shape.get("xref") == "x"]
        shapes += [
            {**shape, "line": {**shape["line"], "color": colour}}
            for shape in lines
            if shape["type"] == "line"
        ]
    layouts = [figure["layout"] for figure in figures.values()]
    axes = [key for key in layouts[0] if key[1:5] == "axis"]
    return {
        "data": traces,
        "layout": {
            **layouts[0],
            "shapes": shapes,
            **{key: _axis_of_all([layout[key] for layout in layouts]) for key in axes},
        },
    }


def _common(of_runs: Sequence[Sequence[Trace]]) -> set[str]:
    """The names of curves that are the same constant level in all runs, such as a limit."""
    first, *others = [{trace["name"]: trace["y"] for trace in traces} for traces in of_runs]
    return {
        name
        for name, y in first.items()
        if all(name in other and np.array_equal(other[name], y, equal_nan=True) for other in others)
        and len(np.unique(y)) == 1
    }


def _tinted(trace: Trace, name: str, colour: str) -> Trace:
    """A copy of the curve with another name and colour, and the same opacity."""
    found = {**trace, "name": name, "line": {**trace["line"]}, "legendgroup": name}
    for of, key in ((found["line"], "color"), (found, "fillcolor")):
        if key in of:
            of[key] = opaque(colour, of[key].partition(" ")[2])
    if "marker" in found:
        found["marker"] = {**found["marker"], "color": colour}
    return found


def _axis_of_all(axes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """An axis whose range and ticks cover those of all `axes`."""
    found = dict(axes[0])
    if "range" in found:
        ends = np.array([axis["range"] for axis in axes], float)
        found["range"] = [float(ends[:, 0].min()), float(ends[:, 1].max())]
    if "tickvals" in found:
        ticks = {
            at: text for axis in axes for at, text in zip(axis["tickvals"], axis["ticktext"], strict=True)
        }
        found["tickvals"] = sorted(ticks)
        found["ticktext"] = [ticks[at] for at in found["tickvals"]]
    return found
