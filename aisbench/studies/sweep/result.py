"""The result of a sweep, as its summary.json holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aisbench.analysis.statistics.intervals import mean_interval
from aisbench.analysis.verdict.verdict import RANK
from aisbench.studies.slo.held import Held, Share, hold
from aisbench.studies.slo.scores import pooled_scores, share_right
from aisbench.studies.slo.terms import ACCURACY, ERROR_RATE, Term
from aisbench.studies.sweep.folder import SweepFolder
from aisbench.studies.sweep.frontier import frontier
from aisbench.studies.sweep.measured_run import SERVER, USER, USER_WHOLE, RunOfPoint, figure_names
from aisbench.studies.sweep.points import Point, curve_of, load_of

_SCHEMA = 1


def result(folder: SweepFolder, runs: Sequence[RunOfPoint]) -> dict[str, Any]:
    """The content of a sweep's summary.json (docs/sweep.md). `runs`: those of `folder`, in any order."""
    terms = folder.settings.terms
    order = {point.name: at for at, point in enumerate(folder.points)}
    runs = sorted(runs, key=lambda run: (order[run.point], run.repetition))
    points = [
        _point(point, [run for run in runs if run.point == point.name], terms) for point in folder.points
    ]
    user = user_figure(runs)
    drawn = [at for at, point in enumerate(points) if position(point, user) is not None]
    places = [place for at in drawn if (place := position(points[at], user)) is not None]
    on_frontier = [drawn[at] for at in frontier(places)]
    for at, point in enumerate(points):
        point["on_frontier"] = at in on_frontier
    return {
        "schema": _SCHEMA,
        "study": "sweep",
        "outcome": folder.outcome,
        "ended": folder.ended,
        "axes": _axes(folder.points),
        "runs_wanted": folder.settings.runs,
        "slo": [str(term) for term in terms],
        "user_figure": user,
        "points": points,
        "frontier": [points[at]["name"] for at in on_frontier],
        "best": best(points) if terms else None,
        "left": [f"{point.name} (run {repetition + 1})" for point, repetition in folder.left()],
        "runs": [run.as_dict() for run in runs],
    }


def _axes(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Each axis with the values that the points have, in their order."""
    names = list(points[0].axes)
    return [
        {"name": name, "values": list(dict.fromkeys(point.axes[name] for point in points))} for name in names
    ]


def _point(point: Point, runs: Sequence[RunOfPoint], terms: tuple[Term, ...]) -> dict[str, Any]:
    usable = [run for run in runs if run.problem is None]
    held = _held(usable, terms) if usable else ()
    return {
        "name": point.name,
        "curve": curve_of(point.axes),
        "load": load_of(point.axes),
        "axes": dict(point.axes),
        "runs": len(usable),
        "failed": [run.problem for run in runs if run.problem is not None],
        "client": max((run.client for run in usable), key=RANK.__getitem__, default=None),
        "figures": {
            name: estimate([run.figures[name] for run in usable])
            for name in figure_names()
            if usable and all(name in run.figures for run in usable)
        },
        "slo": [
            {"term": str(one.term), "value": one.value, "low": one.low, "high": one.high, "met": one.met}
            for one in held
        ],
        "passes": all(one.met for one in held) if held else None,
        "on_frontier": False,
    }


def _held(runs: Sequence[RunOfPoint], terms: tuple[Term, ...]) -> tuple[Held, ...]:
    """The bounds, over the requests of all runs together."""
    latencies = {
        term.metric: np.concatenate([run.latencies.get(term.metric, np.empty(0)) for run in runs])
        for term in terms
        if term.name not in (ERROR_RATE, ACCURACY)
    }
    failed = Share(sum(run.failed for run in runs), sum(run.sent for run in runs))
    right = share_right(pooled_scores([run.scores for run in runs]))
    return hold(terms, latencies, {ERROR_RATE: failed, ACCURACY: right})


def estimate(values: Sequence[float]) -> dict[str, Any]:
    """The mean over repetitions, its 95 % interval (null for fewer than two) and the single values."""
    low, high = mean_interval(values) or (None, None)
    return {"mean": float(np.mean(values)), "low": low, "high": high, "values": list(values)}


def user_figure(runs: Sequence[RunOfPoint]) -> str:
    """The figure that stands for the speed that a user sees: with TTFT in it if any run had no token times."""
    usable = [run for run in runs if run.problem is None]
    return USER if all(USER in run.figures for run in usable) else USER_WHOLE


def position(point: Mapping[str, Any], user: str) -> tuple[float, float] | None:
    """Tokens/s per user and per server; None for a point that was not measured."""
    figures = point["figures"]
    if user not in figures or SERVER not in figures:
        return None
    return figures[user]["mean"], figures[SERVER]["mean"]


def best(points: Sequence[Mapping[str, Any]]) -> str | None:
    """The name of the point that keeps all bounds with the most tokens/s per server; None if none does."""
    passing = [point for point in points if point["passes"] and SERVER in point["figures"]]
    if not passing:
        return None
    name: str = max(passing, key=lambda point: point["figures"][SERVER]["mean"])["name"]
    return name
