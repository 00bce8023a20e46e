"""Carries out a sweep: runs its points, keeps its state, and writes its reports."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from aisbench.analysis.contract.summary_type import plain
from aisbench.analysis.measured import Measured
from aisbench.config.run_config import RunConfig
from aisbench.engine.workload_cache import build_for
from aisbench.errors import BadInput, CannotRun
from aisbench.exit_codes import DONE, INTERRUPTED, RUN_FAILED, VERDICT_INVALID
from aisbench.records.run import Run
from aisbench.report.files.write import write_json, write_reports, writing_report
from aisbench.studies.many_runs.running import Runs, note
from aisbench.studies.servers import servers_of
from aisbench.studies.sweep.estimate import Ended, expected_s, span_text, total_text
from aisbench.studies.sweep.folder import RUNS, SweepFolder
from aisbench.studies.sweep.measured_run import RunOfPoint, problem_of, read_run
from aisbench.studies.sweep.page import write_sweep
from aisbench.studies.sweep.points import Point
from aisbench.studies.sweep.result import result
from aisbench.studies.sweep.table import result_text, run_text, write_runs_csv
from aisbench.workload.prepared.kept import KeptWorkloads

Say = Callable[[str], None]


def sweep_and_report(folder: SweepFolder, *, budget_s: float | None, say: Say) -> int:
    """Goes on with the sweep in `folder` and writes its result; returns the exit code."""
    with contextlib.ExitStack() as stack:
        sweep = Sweep(folder, stack, budget_s, say)
        try:
            folder.outcome, folder.ended = sweep.run()
        except CannotRun:
            folder.discard()
            raise
    if all(run["folder"] is None for run in folder.runs):
        folder.discard()
        if not folder.path.exists():
            _nothing_sent(folder, sweep)
    folder.save()
    found = _write_result(folder, sweep.runs)
    say(result_text(found, folder.path))
    if folder.outcome == "interrupted":
        return INTERRUPTED
    if any(run.problem for run in sweep.runs) or (folder.settings.terms and found["best"] is None):
        return RUN_FAILED
    if folder.points[0].config.strict and any(run.client == "invalid" for run in sweep.runs):
        return VERDICT_INVALID
    return DONE


def _nothing_sent(folder: SweepFolder, sweep: Sweep) -> NoReturn:
    """Ends a sweep of which nothing is kept: raises what the first run failed with, or KeyboardInterrupt."""
    if sweep.first_problem is not None:
        raise sweep.first_problem
    if folder.outcome == "interrupted":
        raise KeyboardInterrupt
    raise CannotRun(f"nothing was run: {folder.ended}; give a longer --budget")


def reported(folder: SweepFolder, output: Path | None = None, *, trust_remote_code: bool) -> dict[str, Any]:
    """Rebuilds the result of the sweep in `folder` from the records of its runs, writes it and returns it."""
    terms = folder.settings.terms
    runs = [read_run(folder.path, run, terms, trust_remote_code=trust_remote_code) for run in folder.runs]
    return _write_result(folder, runs, output)


def _write_result(folder: SweepFolder, runs: list[RunOfPoint], output: Path | None = None) -> dict[str, Any]:
    """Writes summary.json, sweep.csv and sweep.html into `output` or the sweep's folder; returns the content of the first."""
    found = result(folder, runs)
    place = output or folder.path
    with writing_report(folder.path, place):
        write_json(found, place / "summary.json", indent=True)
        write_runs_csv(found, place / "sweep.csv")
        write_sweep(found, folder.command, place / "sweep.html")
    return found


class Sweep:
    """Does one run after another. Runs that `folder` already has are read from it.

    `budget_s`: how long the sweep may take; None for no limit. `say` gets the lines of the result.
    """

    def __init__(
        self, folder: SweepFolder, stack: contextlib.ExitStack, budget_s: float | None, say: Say
    ) -> None:
        self.folder = folder
        self.stack = stack
        self.budget_s = budget_s
        self.say = say
        self.runner = Runs(folder.command, build=KeptWorkloads(build_for(folder.points[0].config, note)))
        self.points = {point.name: point for point in folder.points}
        self.first_problem: Exception | None = None
        # By URLs, because the simulator is started once for all points without any.
        self.servers: dict[tuple[object, ...], tuple[tuple[str, ...], bool]] = {}
        self.runs = [self.read(run) for run in folder.runs]

    def read(self, run: dict[str, Any]) -> RunOfPoint:
        trusted = self.points[run["point"]].config.trust_remote_code
        return read_run(self.folder.path, run, self.folder.settings.terms, trust_remote_code=trusted)

    @property
    def ended(self) -> list[Ended]:
        return [
            Ended(self.points[run.point], run.seconds, run.figures.get("request_throughput", 0.0))
            for run in self.runs
            if run.problem is None
        ]

    def run(self) -> tuple[str, str]:
        """Does the runs that are left; returns the outcome and why the sweep ended: see SweepFolder."""
        began = time.monotonic()
        left = self.folder.left()
        total = len(self.folder.points) * self.folder.settings.runs
        try:
            for at, (point, repetition) in enumerate(left):
                expected = expected_s(point, self.ended)
                passed = time.monotonic() - began
                if self.budget_s is not None and passed + (expected or 0.0) > self.budget_s:
                    return "budget", _budget_words(left[at:], self.ended, self.budget_s, expected)
                self.measure(point, repetition, f"{total - len(left) + at + 1} of {total}")
        except KeyboardInterrupt:
            return "interrupted", "stopped by the user"
        failed = sum(run.problem is not None for run in self.runs)
        if failed:
            return "failed", f"{failed} of {total} runs failed"
        return "finished", "all points are measured"

    def measure(self, point: Point, repetition: int, number: str) -> None:
        """Does one run of `point`. If it fails, its entry says why, and the sweep goes on."""
        began = time.monotonic()
        problem, path = None, None
        try:
            path = self.one_run(point, repetition)
            trusted = point.config.trust_remote_code
            measured = Measured(Run.load(path, trust_remote_code=trusted))
            problem = problem_of(measured.run, plain(write_reports(measured)))
        except (BadInput, CannotRun) as found:
            if isinstance(found, CannotRun) and self.is_hopeless:
                raise
            self.first_problem = self.first_problem or found
            problem = str(found)
        run = {
            "point": point.name,
            "repetition": repetition,
            "folder": None if path is None else str(path.relative_to(self.folder.path)),
            "seconds": time.monotonic() - began,
            "problem": problem,
        }
        self.folder.note(run)
        done = self.read(run)
        self.runs = [one for one in self.runs if (one.point, one.repetition) != (point.name, repetition)]
        self.runs.append(done)
        self.say(run_text(done, number))

    @property
    def is_hopeless(self) -> bool:
        """Whether the next run would fail as this one did: nothing has run yet, and all points have the same server."""
        servers = {(point.config.url, point.config.uds) for point in self.folder.points}
        return len(servers) == 1 and all(run.folder is None for run in self.runs)

    def one_run(self, point: Point, repetition: int) -> Path:
        place = self.folder.path / RUNS / point.folder
        urls, simulated = self.servers_for(point.config)
        try:
            return self.runner.run(point.config_of(repetition), place, urls, simulated=simulated)
        finally:
            # A run that did not start leaves nothing.
            if place.exists() and not any(place.iterdir()):
                place.rmdir()

    def servers_for(self, config: RunConfig) -> tuple[tuple[str, ...], bool]:
        key = (config.url, config.uds)
        if key not in self.servers:
            self.servers[key] = servers_of(self.stack, config, note)
        return self.servers[key]


def _budget_words(
    left: list[tuple[Point, int]], ended: list[Ended], budget_s: float, expected: float | None
) -> str:
    lengths = {f"{point.name} {repetition}": expected_s(point, ended) for point, repetition in left}
    next_run = "" if expected is None else f"; the next run would take about {span_text(expected)}"
    runs = "1 run is" if len(left) == 1 else f"{len(left)} runs are"
    return f"the budget of {span_text(budget_s)} is used up{next_run}; {runs} left ({total_text(lengths)})"
