"""Draws the two plots of `vllm bench serve`: the requests with their token gaps over time, and the lengths."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from aisbench.analysis.tokens import TokenCounts, each_gaps_ns
from aisbench.records.run import Run
from aisbench.report.figures.plot_file import dressed

# Colours of TTFT, and of gaps below, between and above the two thresholds.
_TTFT_COLOUR = "#636EFA"
_GAP_COLOURS = ("#109618", "#FF7F0E", "#D62728")
TIMELINE_MOST = 2000
_WIDTH, _HEIGHT = 1200, 700


def timeline(run: Run, thresholds_ms: tuple[float, ...]) -> go.Figure:
    """A line for each succeeded request: blue up to its first token, then a colour for the length of each gap.

    If there are more than TIMELINE_MOST requests, an even selection of them is drawn.
    """
    ok = np.flatnonzero(run.has_status("ok"))
    shown = set(ok[np.linspace(0, len(ok) - 1, min(len(ok), TIMELINE_MOST)).astype(np.int64)].tolist())
    names = (
        "TTFT",
        f"gap under {thresholds_ms[0]:g} ms",
        f"gap from {thresholds_ms[0]:g} to {thresholds_ms[1]:g} ms",
        f"gap of {thresholds_ms[1]:g} ms and more",
    )
    spans: dict[str, tuple[list[float | None], list[float | None]]] = {name: ([], []) for name in names}

    def add(name: str, begin_s: float, end_s: float, slot: float) -> None:
        x, y = spans[name]
        x.extend((begin_s, end_s, None))
        y.extend((slot, slot, None))

    for index, (row, gaps) in enumerate(zip(run.rows, each_gaps_ns(run), strict=True)):
        if index not in shown:
            continue
        slot = float(row["slot"])
        sent = (int(row["sent_ns"]) - run.start_ns) / 1e9
        first = (int(row["first_token_ns"]) - run.start_ns) / 1e9 if row["first_token_ns"] else sent
        add("TTFT", sent, first, slot)
        ends = first + np.concatenate(([0.0], np.cumsum(gaps))) / 1e9
        kinds = np.searchsorted(np.array(thresholds_ms) * 1e6, gaps, side="right")
        # Neighbouring gaps of one colour are drawn as one line.
        borders = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(gaps)] if len(gaps) else []
        for begin, end in pairwise(borders):
            add(names[1 + int(kinds[begin])], float(ends[begin]), float(ends[end]), slot)
    figure = go.Figure(layout={"xaxis_title": "seconds since the start", "yaxis_title": "request"})
    for name, colour in zip(names, (_TTFT_COLOUR, *_GAP_COLOURS), strict=True):
        x, y = spans[name]
        figure.add_trace(go.Scatter(name=name, x=x, y=y, mode="lines", line={"color": colour, "width": 3}))
    figure.update_yaxes(autorange="reversed")
    return dressed(figure, None, _WIDTH, _HEIGHT)


def lengths(run: Run) -> go.Figure:
    """Histograms of the prompt lengths, the output lengths and their sums, over the succeeded requests."""
    tokens, ok = TokenCounts.of(run), run.has_status("ok")
    prompt, output = tokens.prompt[ok], tokens.output[ok]
    figure = go.Figure(layout={"xaxis_title": "tokens", "yaxis_title": "requests", "barmode": "overlay"})
    for name, values in (("prompt", prompt), ("output", output), ("prompt and output", prompt + output)):
        title = f"{name}: mean {values.mean():.1f}, median {np.median(values):.0f}" if len(values) else name
        figure.add_trace(go.Histogram(name=title, x=values, opacity=0.6))
    return dressed(figure, None, _WIDTH, _HEIGHT)
