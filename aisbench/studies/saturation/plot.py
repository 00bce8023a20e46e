"""Draws the charts of searches as figures for papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from aisbench.errors import BadInput
from aisbench.report.figures.plots import paper_figure
from aisbench.studies.saturation.charts import CHARTS, Search


def search_figure(chart: str, searches: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """One figure of `chart` (a name in CHARTS) for several searches: the contents of saturation.json, by name.

    Raises BadInput if a search has no points, or if the searches are over different loads.
    """
    for name, found in searches.items():
        if not found["points"]:
            raise BadInput(f"{name}: this search measured no load, so there is nothing to draw")
    if len({found["over"] for found in searches.values()}) > 1:
        raise BadInput(
            "searches over rate and over concurrency do not fit in one chart; give searches of one kind"
        )
    (drawn,) = (entry for entry in CHARTS if entry.name == chart)
    return paper_figure(drawn, {name: Search(found) for name, found in searches.items()})
