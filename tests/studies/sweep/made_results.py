"""The result of a sweep whose figures are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.config.run_config import RunConfig
from aisbench.studies.sweep.folder import SweepFolder
from aisbench.studies.sweep.grid import parse_grid
from aisbench.studies.sweep.measured_run import SERVER, USER, RunOfPoint
from aisbench.studies.sweep.points import Point, combinations
from aisbench.studies.sweep.result import result
from aisbench.studies.sweep.settings import Settings


def made_points(grid: str) -> list[Point]:
    return [
        Point(axes, RunConfig(seed=7, concurrency=int(axes["concurrency"])))
        for axes in combinations(parse_grid([grid]))
    ]


def made_run(
    point: str, repetition: int, *, server: float, user: float, ttft_ms: float, **others: Any
) -> RunOfPoint:
    figures = {SERVER: server, USER: user, "request_throughput": server / 10, "ttft_ms.p99": ttft_ms}
    latencies = {"ttft": np.full(200, ttft_ms)}
    seconds = 10.0 + repetition
    return RunOfPoint(
        point, repetition, f"runs/{point}/{repetition}".replace(" ", "_"), seconds, seed=7, figures=figures,
        latencies=latencies, sent=200, **others,
    )  # fmt: skip


def swept(
    grid: str = "input_len=512,2048 concurrency=1,8,64",
    *,
    slo: str | None = "ttft_p99<500",
    runs: int = 3,
    problems: Mapping[str, str] | None = None,
    clients: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A sweep of a server that does 40 tokens/s for each of `concurrency` users, less with more of them.

    `problems`, `clients`: by point, why its runs failed, and what the client was.
    """
    points = made_points(grid)
    folder = SweepFolder(
        Path("sweep"), points, Settings(grid=(grid,), runs=runs, slo=slo), ["aisbench", "sweep"]
    )
    folder.outcome, folder.ended = "finished", "all points are measured"
    made = []
    for point in points:
        users, length = int(point.axes["concurrency"]), int(point.axes.get("input_len", 512))
        speed = 40 / (1 + users / 64) / (1 + length / 8192)
        for repetition in range(runs):
            wobble = 1 + 0.01 * (repetition - (runs - 1) / 2)
            client = (clients or {}).get(point.name, "valid")
            made.append(
                made_run(
                    point.name, repetition, server=users * speed * wobble, user=speed * wobble,
                    ttft_ms=users * length / 100, problem=(problems or {}).get(point.name), client=client,
                    client_reasons=() if client == "valid" else ("CPU at 90 %",),
                )
            )  # fmt: skip
    folder.runs = [{"point": run.point, "repetition": run.repetition, "problem": run.problem} for run in made]
    return result(folder, made)
