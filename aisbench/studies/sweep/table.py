"""Prints a sweep on the console, and writes its runs as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aisbench.csv_cells import write_csv
from aisbench.printable import printable
from aisbench.studies.sweep.estimate import Ended, expected_s, span_text, total_text
from aisbench.studies.sweep.folder import SweepFolder
from aisbench.studies.sweep.measured_run import SERVER, USER, USER_WHOLE, RunOfPoint, figure_names

# Columns of the table: title, figure, and the format of its values.
COLUMNS = (
    ("req/s", "request_throughput", ".4g"),
    ("TTFT p99", "ttft_ms.p99", ".1f"),
    ("TPOT mean", "tpot_ms.mean", ".2f"),
    ("E2EL p99", "e2el_ms.p99", ".1f"),
)
_LONGEST_LEFT = 10


def run_text(run: RunOfPoint, number: str) -> str:
    """One line about a run that has ended. `number`: its place, as in "3 of 12"."""
    head = f"{number:>9}  {run.point}"
    if run.problem is not None:
        return f"{head}: failed: {run.problem}"
    parts = [f"{run.figures[SERVER]:.5g} tokens/s per server" if SERVER in run.figures else ""]
    user = USER if USER in run.figures else USER_WHOLE
    parts += [f"{run.figures[user]:.4g} per user" if user in run.figures else ""]
    parts += [f"client {run.client}" if run.client != "valid" else "", span_text(run.seconds)]
    return f"{head}: {', '.join(part for part in parts if part)}"


def result_text(found: Mapping[str, Any], folder: Path) -> str:
    """The table of all points; the last line names the best one, or the page if there are no bounds."""
    lines = [*_table(found)]
    lines += [
        f"not measured: {point['name']}: {point['failed'][0]}" for point in found["points"] if point["failed"]
    ]
    if found["outcome"] in ("budget", "interrupted"):
        left = found["left"]
        more = f", and {len(left) - _LONGEST_LEFT} more" if len(left) > _LONGEST_LEFT else ""
        lines.append(f"{found['ended']}; left: {', '.join(left[:_LONGEST_LEFT])}{more}")
    if found["left"]:
        lines.append(f"to continue: aisbench sweep --resume {folder}")
    lines.append(f"frontier: {'; '.join(found['frontier']) or 'no point was measured'}")
    lines.append(f"written: {folder}/sweep.html")
    if found["slo"]:
        lines.append(best_words(found))
    return "\n".join(lines)


def best_words(found: Mapping[str, Any]) -> str:
    """The best point in one sentence."""
    bounds = ", ".join(found["slo"])
    if found["best"] is None:
        return f"no point meets {bounds}"
    (point,) = (point for point in found["points"] if point["name"] == found["best"])
    text = f"best under {bounds}: {point['name']} ({figure_text(point, SERVER, '.5g')} tokens/s per server"
    if found["user_figure"] in point["figures"]:
        text += f", {figure_text(point, found['user_figure'], '.4g')} per user"
    doubt = {"valid": "", "doubtful": "; the client was doubtful there"}
    return text + ")" + doubt.get(point["client"], "; do not rely on it: the client was invalid there")


def _table(found: Mapping[str, Any]) -> Iterator[str]:
    axes = [axis["name"] for axis in found["axes"]]
    columns = (
        ("tokens/s/server", SERVER, ".5g"),
        ("tokens/s/user", found["user_figure"], ".4g"),
        *COLUMNS,
    )
    head = [*axes, *(title for title, _, _ in columns), "runs", ""]
    rows = [head]
    for point in found["points"]:
        cells = [printable(point["axes"][name]) for name in axes]
        cells += [figure_text(point, name, form) for _, name, form in columns]
        rows.append([*cells, str(point["runs"]), " ".join(_marks(point))])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for at, row in enumerate(rows):
        cells = [cell.rjust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        yield "  ".join([*cells, row[-1]]).rstrip()
        if at == 0:
            yield "-" * (sum(widths) + 2 * len(widths) - 2)


def _marks(point: Mapping[str, Any]) -> Iterator[str]:
    if point["on_frontier"]:
        yield "frontier"
    if point["passes"] is not None:
        yield "passes" if point["passes"] else "fails"
    if point["client"] not in (None, "valid"):
        yield f"client {point['client']}"
    if point["failed"]:
        yield "failed"


def figure_text(point: Mapping[str, Any], name: str, form: str) -> str:
    """The mean of a figure, with half of its interval's width if it has one."""
    figure = point["figures"].get(name)
    if figure is None:
        return "-"
    text = f"{figure['mean']:{form}}"
    if figure["low"] is None:
        return text
    # Two digits, and never a power of ten.
    reach = float(f"{figure['mean'] - figure['low']:.2g}")
    return f"{text} ±{reach:,g}"


def plan_text(folder: SweepFolder, common: str) -> str:
    """What a sweep would do: every point with an estimate, and the sum. `common`: the options of all points."""
    points, runs = folder.points, folder.settings.runs
    lines = [f"options of all points: {common}"] if common else []
    named = {point.name: point for point in points}
    ended = [Ended(named[run["point"]], run["seconds"], 0.0) for run in folder.runs if run["problem"] is None]
    width = max(map(len, named))
    for at, point in enumerate(points, 1):
        length = expected_s(point, ended)
        words = "until its requests are done" if length is None else f"{span_text(length)} a run"
        lines.append(f"{at:>4}  {point.name:<{width}}  {words}")
    repeated = f"{runs} runs of each" if runs > 1 else "one run of each"
    lines.append(f"{len(points)} points, {repeated}; the last axis changes first, then every point again")
    left = folder.left()
    lengths = {f"{point.name} {repetition}": expected_s(point, ended) for point, repetition in left}
    lines.append(f"runs to do: {len(left)} ({total_text(lengths)}); nothing was sent")
    return "\n".join(lines)


def write_runs_csv(found: Mapping[str, Any], path: Path) -> None:
    """Writes one row for each run, in the order of the points."""
    axes = {point["name"]: point["axes"] for point in found["points"]}
    names = [axis["name"] for axis in found["axes"]]
    rows = [[*names, "run", "seed", "folder", "seconds", "problem", "client", *figure_names()]]
    for run in found["runs"]:
        own = [axes[run["point"]][name] for name in names]
        facts = [
            run["repetition"] + 1,
            run["seed"],
            run["folder"],
            run["seconds"],
            run["problem"],
            run["client"],
        ]
        rows.append([*own, *facts, *(run["figures"].get(name) for name in figure_names())])
    write_csv(rows, path)
