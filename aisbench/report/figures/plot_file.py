"""Writes a figure to a file: an image drawn by kaleido, or an HTML page that can be zoomed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import plotly.graph_objects as go

from aisbench.errors import BadInput
from aisbench.extras import install_command

# A bitmap has this many pixels for each pixel of the figure, which keeps it sharp in print.
_BITMAP_SCALE = 3


def dressed(figure: go.Figure, title: str | None, width: int, height: int) -> go.Figure:
    """Styles `figure` in place for print (white background, frame, legend above) and returns it. Sizes in px."""
    figure.update_layout(
        template="simple_white",
        width=width,
        height=height,
        title=title,
        font={"family": "Helvetica, Arial, sans-serif", "size": 14},
        margin={"l": 70, "r": 70, "t": 60 if title else 40, "b": 60},
        legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
    )
    figure.update_xaxes(showgrid=True, mirror=True)
    figure.update_yaxes(showgrid=True)
    # The template makes shapes faint.
    figure.update_shapes(opacity=1)
    return figure


def write_figure(figure: go.Figure, path: Path) -> None:
    """Writes `figure` in the format that the suffix of `path` names.

    Raises BadInput if kaleido or its browser is missing, or the file cannot be written.
    """
    if path.suffix != ".html" and importlib.util.find_spec("kaleido") is None:
        raise BadInput(
            f"--output {path}: {path.suffix} files need kaleido: {install_command('plot', 'kaleido')}, or give a name ending in .html"
        )
    try:
        if path.suffix == ".html":
            figure.write_html(path, include_plotlyjs=True)
        else:
            figure.write_image(path, scale=_BITMAP_SCALE if path.suffix == ".png" else 1)
    except OSError as problem:
        raise BadInput(f"--output {path} cannot be written ({problem.strerror or problem})") from None
    except RuntimeError as problem:
        raise BadInput(
            f"--output {path}: kaleido failed ({' '.join(str(problem).split())[:120]}); install Chrome or "
            "Chromium for it, or give a name ending in .html"
        ) from None
