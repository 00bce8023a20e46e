"""One run from start to end: prepares, starts the workers, watches them, and closes the records.

No request passes through here. While load runs, the coordinator only looks at shared counters, ten times
a second.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import numpy as np

from aisbench._native.memory.shared import LAST_SEND_NS
from aisbench._native.os.clock import now_ns
from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.disk import room_for
from aisbench.engine.asked import Asked, check_goodput, check_stream
from aisbench.engine.beside import Beside
from aisbench.engine.crew.crew import Crew
from aisbench.engine.crew.warm_up_files import remove_warm_ups
from aisbench.engine.failures import error_samples, hopeless, too_many_failed, warm_up_notes
from aisbench.engine.hosts import Hosts, hosts_of
from aisbench.engine.interrupts import Interrupted, Interrupts
from aisbench.engine.plan import Plan, workload_options
from aisbench.engine.target.discovery import model_for
from aisbench.engine.target.request_head import parse_headers
from aisbench.engine.target.small_requests import patiently
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from aisbench.errors import CannotRun
from aisbench.masking.masking import in_bodies, remember_options
from aisbench.records.folder import RunDirectory

if TYPE_CHECKING:
    from aisbench.engine.preparation import Prepared, Say
    from aisbench.engine.samplers.devices.sampler import DeviceSampler
    from aisbench.engine.samplers.server_metrics import Scraper
    from aisbench.workload.build import Build, Progress

Got = TypeVar("Got")
Tick = Callable[["Coordinator"], None]


def _silent(done: int, total: int) -> None:
    """Shows no progress."""


class Coordinator:
    """Runs one configuration, whose `command` line run.json keeps.

    `say(line)` gets lines for people. `progress(done, total)` is called while prompts are made,
    `tick(coordinator)` ten times a second while load runs. The lines of `opening` are said once the run
    is prepared. `build` makes the workload (None: see workload_cache.build_for). Raises BadInput for options that cannot run together.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        command: list[str],
        say: Say,
        tick: Tick,
        progress: Progress = _silent,
        opening: Sequence[str] = (),
        build: Build | None = None,
    ) -> None:
        config.check()
        remember_options(asdict(config))
        self.config = config
        self.command = command
        self.say = say
        self.tick = tick
        self.progress = progress
        self.opening = opening
        self.build = build
        self.backend = backend_named(config.backend, config.template)
        self.headers = parse_headers(config.header, config.api_key, self.backend)
        self.transport = Transport.of(config)
        check_stream(config, self.backend)
        check_goodput(config, self.backend)
        workload_options(config, model="").check()
        self.interrupts = Interrupts()
        # Why the run ends early; None while it need not.
        self.stopped: str | None = None
        self.abandoned: str | None = None
        self.plan: Plan
        self.crew: Crew
        # The samplers that have begun.
        self.reading: list[Scraper | DeviceSampler] = []
        self.start_ns = 0
        self.sending_ended_ns: int | None = None

    def run(self, urls: tuple[str, ...], *, simulator: bool) -> Path:
        """Runs against `urls` and returns the run's folder.

        Raises BadInput before anything is sent, and CannotRun when the load cannot start.
        """
        hosts = hosts_of(self.config, self.say)
        try:
            return self.run_on(hosts, urls, simulator=simulator)
        finally:
            hosts.close()

    def run_on(self, hosts: Hosts, urls: tuple[str, ...], *, simulator: bool) -> Path:
        config = self.config
        files = hosts.open_files()
        targets = self.patiently(lambda: [resolve(url, self.transport) for url in urls])
        model = self.patiently(lambda: model_for(config, targets[0], self.transport, self.headers))
        asked = Asked(
            config,
            self.backend,
            hosts.workers,
            self.headers,
            self.transport,
            targets,
            model,
            files,
            simulator,
            self.command,
        )
        if model.others:
            self.opening = [*self.opening, model.choice]
        self.chosen = model if model.others else None
        self.path = targets[0].path(asked.endpoint)
        self.beside = Beside(asked, self.interrupts)
        self.beside.wait_for_answers(self.say)
        self.directory = RunDirectory.create(config.work_dir)
        try:
            with room_for(
                f"the run's files in {self.directory.path}", "free some, or give another --work-dir"
            ):
                hosts.begin(self.directory)
                # Imported while the workers load their modules, as are the samplers below.
                from aisbench.engine.preparation import prepare

                prepared = prepare(asked, self.directory, self.say, self.progress, self.build)
                self.crew = hosts.crew(prepared, self.directory)
        except BaseException:
            shutil.rmtree(self.directory.path)
            raise
        for line in self.opening:
            self.say(line)
        self.directory.note([model.choice] if model.others else [])
        self.plan = prepared.plan
        from aisbench.engine.samplers.devices.sampler import DeviceSampler
        from aisbench.engine.samplers.server_metrics import Scraper

        self.scraper = Scraper.of(config, targets, self.transport, self.headers, self.directory.records)
        self.devices = DeviceSampler.of(config, targets, self.directory.records)
        kept = f"what was recorded is kept: free some, then `aisbench report {self.directory.path}`"
        with self.interrupts.caught(), room_for(f"the run's records in {self.directory.path}", kept):
            self.run_workers(prepared)
        return self.directory.path

    def patiently(self, attempt: Callable[[], Got]) -> Got:
        """Repeats `attempt` as long as --ready-check-timeout-sec allows, and returns its result."""
        return patiently(attempt, self.config.ready_timeout_s, self.say)

    def run_workers(self, prepared: Prepared) -> None:
        if prepared.fills:
            # Before the workers start, as they fill the caches once they are connected.
            self.tell(self.beside.empty_caches())
        self.crew.start()
        try:
            # While the workers connect: the first reading may take seconds.
            self.begin_reading(self.devices)
            if self.wait_until_ready(prepared):
                self.watch()
        finally:
            self.crew.end()
            self.tell(self.beside.end())
            for sampler in self.reading:
                with contextlib.suppress(Interrupted):
                    self.interrupts.wait_at_end_for(sampler.end)
            from aisbench.workload.bodies import blank_secrets

            # No one reads the bodies' secrets any more.
            blank_secrets(self.directory.records / "bodies.bin", in_bodies)
            remove_warm_ups(self.directory.records)
        if self.stopped is not None and not self.start_ns:
            self.give_up()
        self.close_records()

    def give_up(self) -> NoReturn:
        """Closes a run that never started, and raises CannotRun."""
        folder = self.directory.path
        if self.crew.no_room:
            # The folder holds nothing of use, and it takes up the room.
            shutil.rmtree(folder)
            raise CannotRun(
                f"the run did not start: no room on the disk for its records in {folder}; free some, or give another --work-dir"
            )
        self.close_records()
        raise CannotRun(f"the run did not start: {self.stopped} in {folder}")

    def tell(self, notes: list[str]) -> None:
        """Adds `notes` to the report, and says them now."""
        self.directory.note(notes)
        for note in notes:
            self.say(note)

    def live(self) -> np.ndarray:
        """The workers' live counters: a structured array, shape (workers,)."""
        return self.crew.live()

    # Running

    def wait_until_ready(self, prepared: Prepared) -> bool:
        """Waits for connections and warm-up, then sets the common start; False when the run cannot start."""
        patience = prepared.patience_s(self.config)
        give_up = time.monotonic() + patience
        while not self.live()["ready"].all():
            self.stopped = self.crew.dead
            if self.stopped is None and time.monotonic() > give_up:
                self.stopped = f"the workers were not ready within {patience:.0f} s"
            if self.stopped is not None or self.interrupts.count:
                self.crew.stop(2)
                return False
            time.sleep(0.005)
        if not prepared.fills:
            # After the warm-up, whose prompts are in the cache as well.
            self.tell(self.beside.empty_caches())
        # After the warm-up and before the start, so that the counters' growth from here on is this run's.
        self.begin_reading(self.scraper)
        if not self.interrupts.count:
            self.tell(self.beside.begin())
        if self.interrupts.count:
            self.crew.stop(2)
            return False
        self.start_ns = self.crew.begin(int((self.config.sending_s or 0.0) * 1e9))
        self.directory.write(start_ns=self.start_ns)
        return True

    def begin_reading(self, sampler: Scraper | DeviceSampler | None) -> None:
        """Begins to read with `sampler`. One whose first reading the user does not wait for is left alone."""
        if sampler is None:
            return
        with contextlib.suppress(Interrupted):
            self.interrupts.wait_for(sampler.begin)
            self.reading.append(sampler)
            self.directory.note(sampler.notes)

    @property
    def deadline_ns(self) -> int:
        """The end of sending on CLOCK_MONOTONIC, in ns; 0: no time limit."""
        sending_s = self.config.sending_s
        return self.start_ns + int(sending_s * 1e9) if sending_s is not None else 0

    def watch(self) -> None:
        """Watches until all workers have ended: ticks, looks for reasons to stop early, ends the grace period.

        Raises CannotRun if the run's folder is gone.
        """
        give_up_at, interrupted = math.inf, False
        while self.crew.running:
            self.directory.check()
            self.tick(self)
            self.crew.look()
            live = self.live()
            if self.stopped is None:
                self.stopped = (
                    self.crew.no_room
                    or hopeless(live, self.directory.records, self.chosen)
                    or too_many_failed(live, self.config.max_error_rate)
                )
            if self.sending_ended_ns is None and self.sending_has_ended(live):
                self.sending_ended_ns = now_ns()
                self.crew.stop(1)
                if self.stopped:
                    give_up_at = time.monotonic() + self.config.grace_s
                elif self.deadline_ns:
                    # The requests may have run out long before the time.
                    left_s = max(0.0, (self.deadline_ns - now_ns()) / 1e9)
                    give_up_at = time.monotonic() + left_s + self.config.grace_s
            if self.interrupts.count and not interrupted:
                interrupted = True
                give_up_at = min(give_up_at, time.monotonic() + self.config.grace_s)
            if time.monotonic() > give_up_at or self.abandoned is not None or self.interrupts.count > 1:
                self.crew.stop(2)
            self.crew.wait()
        self.crew.look()
        self.stopped = self.stopped or self.crew.dead
        self.tick(self)

    def abandon(self, reason: str) -> None:
        """Ends the run at the next look because the caller knows enough; requests in flight are given up."""
        self.abandoned = reason

    def wait_until_idle(self, *, least_s: float, most_s: float) -> int | None:
        """Waits until the servers are idle after a run that was cut; see draining.wait_until_idle."""
        from aisbench.engine.target.draining import wait_until_idle

        pages = list(self.scraper.pages.values()) if self.scraper is not None else []
        return wait_until_idle(pages, self.transport, least_s=least_s, most_s=most_s)

    def sending_has_ended(self, live: np.ndarray) -> bool:
        if self.stopped is not None or self.abandoned is not None or self.interrupts.count:
            return True
        if self.deadline_ns and self.deadline_ns + LAST_SEND_NS <= now_ns():
            return True
        return 0 <= self.plan.requests <= self.crew.done_with(live)

    # Closing

    def close_records(self) -> None:
        outcome, reason = "finished", None
        if self.stopped is not None:
            outcome, reason = "failed", self.stopped
        elif self.interrupts.count:
            outcome, reason = "interrupted", "stopped by the user"
        elif self.abandoned is not None:
            outcome, reason = "abandoned", self.abandoned
        facts = self.crew.facts()
        self.directory.note(warm_up_notes(facts["workers"]))
        self.directory.write(
            outcome=outcome,
            outcome_reason=reason,
            sending_ended_ns=self.sending_ended_ns,
            end_ns=now_ns(),
            error_samples=error_samples(self.directory, self.path),
            **facts,
            **self.beside.facts,
        )
