"""Carries out a search: runs its steps, keeps its state, and writes its reports."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aisbench.analysis.contract.summary_type import plain
from aisbench.analysis.measured import Measured
from aisbench.config.run_config import RunConfig
from aisbench.engine.coordinator import Coordinator, Tick
from aisbench.errors import BadInput, CannotRun
from aisbench.exit_codes import DONE, INTERRUPTED, RUN_FAILED, VERDICT_INVALID
from aisbench.records.run import Run
from aisbench.report.files.write import write_json, write_reports, writing_report
from aisbench.report.text.first_failure import first_failure
from aisbench.studies.many_runs.client import client_status
from aisbench.studies.many_runs.running import Runs, no_tick, note
from aisbench.studies.saturation.folder import SearchFolder
from aisbench.studies.saturation.page import write_saturation
from aisbench.studies.saturation.result import result
from aisbench.studies.saturation.runs import (
    Hopeless,
    expected_throughput,
    first_load,
    length_of_step,
    reference_config,
    sounded,
    sounding_config,
    sounding_over,
    step_config,
    step_seconds,
)
from aisbench.studies.saturation.search import Plan, informed, next_load
from aisbench.studies.saturation.step import Point, Sample
from aisbench.studies.saturation.table import (
    answer_text,
    reference_text,
    sounding_text,
    step_text,
    write_points_csv,
)
from aisbench.studies.servers import servers_of

Say = Callable[[str], None]


class _RunFailed(Exception):
    """A run of the search failed; the message says why."""


def _no_success(run: Run) -> _RunFailed:
    return _RunFailed(f"no request succeeded{first_failure(run)}; see {run.folder}")


def saturate_and_report(folder: SearchFolder, *, budget_s: float | None, say: Say) -> int:
    """Continues the search in `folder` and writes its result; returns the exit code."""
    with contextlib.ExitStack() as stack:
        config = folder.config
        urls, simulated = servers_of(stack, config, note)
        search = Search(folder, urls, simulated, budget_s, say)
        folder.outcome, folder.ended = search.run()
    folder.save()
    found = _write_result(search)
    say(answer_text(found, folder.settings, folder.path))
    if folder.outcome == "interrupted":
        return INTERRUPTED
    if folder.outcome == "failed" or (not folder.settings.sweep and found["max_load"] is None):
        return RUN_FAILED
    if config.strict and found["verdict"]["status"] == "invalid":
        return VERDICT_INVALID
    return DONE


def reported(folder: SearchFolder, output: Path | None = None) -> dict[str, Any]:
    """Rebuilds the result of the search in `folder` from the records of its steps, writes it and returns it."""
    return _write_result(Search(folder, (), False, None, lambda _: None), output)


def _write_result(search: Search, output: Path | None = None) -> dict[str, Any]:
    """Writes saturation.json, .csv and .html into `output` or the search's folder; returns the content of the first."""
    folder = search.folder
    place = output or folder.path
    found = result(
        Plan.of(folder.settings, search.start),
        folder.settings.terms,
        search.points(),
        search.samples,
        folder.steps,
        ended=folder.ended,
        outcome=folder.outcome,
        reference=folder.reference,
    )
    with writing_report(folder.path, place):
        write_json(found, place / "saturation.json", indent=True)
        write_points_csv(found, place / "saturation.csv")
        write_saturation(found, folder.settings, folder.command, place / "saturation.html")
    return found


class Search:
    """Measures one load after another. Steps that `folder` already has are read from their records.

    `budget_s`: how long the search may take; None for no limit. `say` gets the lines of the result.
    """

    def __init__(
        self,
        folder: SearchFolder,
        urls: tuple[str, ...],
        simulated: bool,
        budget_s: float | None,
        say: Say,
    ) -> None:
        self.folder = folder
        self.settings = folder.settings
        self.terms = folder.settings.terms
        self.urls = urls
        self.simulated = simulated
        self.ends_at = math.inf if budget_s is None else time.monotonic() + budget_s
        self.say = say
        self.samples: dict[float, list[Sample]] = {}
        self.runs = Runs(folder.command)
        # The answers that others are compared with: see accuracy.Graded.texts.
        self.reference: dict[int, int] = {}
        if folder.reference is not None:
            self.compare_with(self.load(folder.path / folder.reference["folder"]))
        for step in folder.steps:
            self.keep(step["load"], self.load(folder.path / step["folder"]))

    def load(self, path: Path) -> Measured:
        return Measured(Run.load(path, trust_remote_code=self.folder.config.trust_remote_code))

    def compare_with(self, measured: Measured) -> None:
        self.reference = {} if measured.graded is None else measured.graded.texts()

    def keep(self, load: float, measured: Measured) -> None:
        self.samples.setdefault(load, []).append(Sample.of(measured, self.terms, self.reference))

    def points(self) -> list[Point]:
        open_loop = self.settings.is_open_loop
        sounding = self.folder.sounding
        return informed(
            [Point.of(load, open_loop, samples, self.terms) for load, samples in self.samples.items()],
            None if sounding is None else float(sounding["throughput"]),
        )

    @property
    def start(self) -> float:
        return first_load(self.settings, self.folder.sounding)

    def step_s(self, load: float) -> float:
        """How long `load` is held, in seconds."""
        return length_of_step(self.settings, load, self.folder.sounding, self.points())

    def run(self) -> tuple[str, str]:
        """Runs the search; returns its outcome and why it ended: see saturation.result."""
        settings = self.settings
        try:
            alone = None
            if self.folder.config.score and self.folder.reference is None:
                alone = self.ask_reference()
            known_start = settings.start is not None or bool(settings.sweep)
            if self.folder.sounding is None and not (known_start and settings.step_s is not None):
                self.sound(alone)
            while True:
                wanted = next_load(Plan.of(settings, self.start), self.points())
                if wanted.load is None:
                    return "finished", wanted.why
                if time.monotonic() + self.step_s(wanted.load) > self.ends_at:
                    return "budget", "the budget is used up"
                self.measure(wanted.load, wanted.why)
        except KeyboardInterrupt:
            return "interrupted", "stopped by the user"
        except _RunFailed as problem:
            return "failed", str(problem)
        except (BadInput, CannotRun) as problem:
            # Nothing is measured yet, so the options are wrong or the server is down; the message says which.
            sounded_out = self.folder.sounding is not None
            if not self.folder.steps and not (sounded_out and isinstance(problem, CannotRun)):
                if not sounded_out:
                    self.folder.discard()
                raise
            return "failed", str(problem)

    def ask_reference(self) -> Measured | None:
        """Asks some questions one at a time, so that other answers can be compared with these; None if answers are sampled
        and so differ anyway."""
        config = self.folder.config
        if config.temperature:
            note(
                f"--temperature {config.temperature:g}: answers are not compared with those at one in flight"
            )
            return None
        measured, _ = self.one_run(reference_config(config), no_tick)
        self.compare_with(measured)
        if not self.reference:
            raise _no_success(measured.run)
        self.folder.reference = {
            "folder": str(measured.run.folder.relative_to(self.folder.path)),
            "answers": len(self.reference),
        }
        self.folder.save()
        self.say(reference_text(self.folder.reference))
        return measured

    def sound(self, alone: Measured | None) -> None:
        """Runs the sounding: a short closed loop that measures throughput and how long a request takes.

        `alone`: a run with one request in flight, which is the sounding if that has one in flight, too.
        """
        config = sounding_config(self.folder.config, self.start, open_loop=self.settings.is_open_loop)

        def tick(coordinator: Coordinator) -> None:
            if sounding_over(coordinator):
                coordinator.abandon("the sounding measured enough")

        if alone is not None and config.concurrency == 1:
            measured = alone
        else:
            measured, _ = self.one_run(config, tick)
        run, found = measured.run, sounded(Sample.of(measured))
        if found is None:
            raise _no_success(run)
        throughput, mean_s = found
        if self.settings.is_open_loop and run.has_conversations:
            raise BadInput(
                "--over rate cannot be used with conversations, whose requests wait for answers; use --over concurrency"
            )
        self.folder.sounding = {
            "folder": str(run.folder.relative_to(self.folder.path)),
            "in_flight": config.concurrency,
            "throughput": throughput,
            "mean_e2el_s": mean_s,
            "step_s": step_seconds(mean_s, throughput),
        }
        self.folder.save()
        self.say(sounding_text(self.folder.sounding, self.step_s(self.start)))

    def measure(self, load: float, why: str) -> None:
        open_loop, at = self.settings.is_open_loop, len(self.folder.steps) + 1
        expected = None if open_loop else expected_throughput(load, self.folder.sounding, self.points())
        config = step_config(self.folder.config, load, self.step_s(load), at, expected, open_loop=open_loop)
        began = time.monotonic()
        measured, summary = self.one_run(config, Hopeless(load) if open_loop else no_tick)
        run = measured.run
        if run.outcome == "failed":
            raise _RunFailed(f"at {load:g} {self.settings.unit}: {run.outcome_reason}; see {run.folder}")
        status, reasons = client_status(summary)
        self.keep(load, measured)
        step = {
            "load": load,
            "folder": str(run.folder.relative_to(self.folder.path)),
            "seconds": time.monotonic() - began,
            "why": why,
            "early": run.outcome == "abandoned",
            "client": status,
            "client_reasons": reasons,
        }
        self.folder.steps.append(step)
        self.folder.save()
        self.say(step_text(at, next(p for p in self.points() if p.load == load), self.settings.unit, step))

    def one_run(self, config: RunConfig, tick: Tick) -> tuple[Measured, dict[str, Any]]:
        """Does one run in the search's folder and writes its reports; KeyboardInterrupt if the user stopped it."""
        place = self.folder.path / "steps"
        measured = self.load(self.runs.run(config, place, self.urls, simulated=self.simulated, tick=tick))
        return measured, plain(write_reports(measured))
