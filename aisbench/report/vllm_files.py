"""The files that `vllm bench serve` writes where its user says: the result, the timeline, the lengths."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from aisbench.analysis.records import Run
from aisbench.analysis.tokens import TokenCounts, each_gaps_ns
from aisbench.engine.config import RunConfig
from aisbench.errors import BadInput
from aisbench.report.plot_file import dressed, write_figure

# Colours of the time to the first token, and of gaps by the two thresholds.
TTFT_COLOUR = "#636EFA"
GAP_COLOURS = ("#109618", "#FF7F0E", "#D62728")
TIMELINE_MOST = 2000
WIDTH, HEIGHT = 1200, 700


def check_result_folder(config: RunConfig) -> None:
    """Makes --result-dir. Raises BadInput, before anything is sent, where no result could be written."""
    if not config.wants_result_file:
        return
    folder = (Path(config.result_dir or ".") / (config.result_filename or "x")).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInput(f"--result-dir {folder} cannot be made ({problem.strerror}); give another") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(f"--result-dir {folder}: nothing may be written there; give another")


def result_path(config: RunConfig, result: dict[str, Any]) -> Path:
    """Where vLLM's client would put this result, by its own rules."""
    model = str(result["model_id"]).split("/")[-1]
    limit = f"-concurrency{config.concurrency}" if config.concurrency is not None else ""
    rate = f"{result['request_rate']}qps"
    if config.ramp_up is not None:
        rate = f"ramp-up-{config.ramp_up}-{config.ramp_from:g}qps-{config.ramp_to:g}qps"
    name = f"{config.label or config.backend}-{rate}{limit}-{model}-{result['date']}.json"
    return Path(config.result_dir or ".") / (config.result_filename or name)


def write_vllm_files(run_folder: Path, config: RunConfig) -> list[Path]:
    """Writes what was asked for and returns where; raises BadInput where that cannot be done."""
    if not config.wants_result_file:
        return []
    result: dict[str, Any] = json.loads((run_folder / "vllm.json").read_text())
    path = result_path(config, result)
    written: list[Path] = []
    try:
        if config.save_result or config.append_result:
            write_result(result, path, append=config.append_result)
            written.append(path)
        if config.plot_timeline or config.plot_dataset_stats:
            run = Run.load(run_folder)
            if config.plot_timeline:
                written.append(path.with_suffix(".timeline.html"))
                write_figure(timeline(run, config.timeline_itl_thresholds), written[-1])
            if config.plot_dataset_stats:
                written.append(path.with_suffix(".dataset_stats.html"))
                write_figure(lengths(run), written[-1])
    except OSError as problem:
        raise BadInput(f"--result-dir: {path} cannot be written ({problem.strerror})") from None
    return written


def write_result(result: dict[str, Any], path: Path, *, append: bool) -> None:
    with path.open("a+" if append else "w", encoding="utf-8") as file:
        if append and file.tell() != 0:
            file.write("\n")
        json.dump(result, file)


def timeline(run: Run, thresholds_ms: tuple[float, ...]) -> go.Figure:
    """Each succeeded request a line: to its first token in blue, then each gap by how long it was.

    Of many requests an even choice is drawn.
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
        # Neighbours of one kind are one line.
        borders = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(gaps)] if len(gaps) else []
        for begin, end in pairwise(borders):
            add(names[1 + int(kinds[begin])], float(ends[begin]), float(ends[end]), slot)
    figure = go.Figure(layout={"xaxis_title": "seconds since the start", "yaxis_title": "request"})
    for name, colour in zip(names, (TTFT_COLOUR, *GAP_COLOURS), strict=True):
        x, y = spans[name]
        figure.add_trace(go.Scatter(name=name, x=x, y=y, mode="lines", line={"color": colour, "width": 3}))
    figure.update_yaxes(autorange="reversed")
    return dressed(figure, None, WIDTH, HEIGHT)


def lengths(run: Run) -> go.Figure:
    """How prompt, output and both lengths are distributed over the succeeded requests."""
    tokens, ok = TokenCounts.of(run), run.has_status("ok")
    prompt, output = tokens.prompt[ok], tokens.output[ok]
    figure = go.Figure(layout={"xaxis_title": "tokens", "yaxis_title": "requests", "barmode": "overlay"})
    for name, values in (("prompt", prompt), ("output", output), ("prompt and output", prompt + output)):
        title = f"{name}: mean {values.mean():.1f}, median {np.median(values):.0f}" if len(values) else name
        figure.add_trace(go.Histogram(name=title, x=values, opacity=0.6))
    return dressed(figure, None, WIDTH, HEIGHT)
