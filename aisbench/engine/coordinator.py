"""One run from start to end: prepares, starts the workers, watches them, and closes the records.

Nothing of a request passes through here. While load runs, the coordinator looks at shared counters
ten times a second, and that is all.
"""

from __future__ import annotations

import json
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

from aisbench._native.memory.recorder import ERRORS
from aisbench._native.memory.shared import LAST_SEND_NS, LIVE_FIELDS
from aisbench._native.os.clock import now_ns
from aisbench.backends.backend import Backend
from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.disk import room_for
from aisbench.engine import host
from aisbench.engine.beside import Beside
from aisbench.engine.interrupts import Interrupts
from aisbench.engine.limits import cpus, default_workers, raise_open_files
from aisbench.engine.plan import Plan, workload_options
from aisbench.engine.preparation import BLOCK, MOST_AHEAD, Asked, Prepared, Say, endpoint, prepare
from aisbench.engine.processes import WorkerProcesses
from aisbench.engine.samplers.devices.sampler import DeviceSampler
from aisbench.engine.samplers.server_metrics import Page, Scraper
from aisbench.engine.target.discovery import Model, discover_model, first_refusal, with_hint
from aisbench.engine.target.draining import wait_until_idle
from aisbench.engine.target.request_head import parse_headers
from aisbench.engine.target.small_requests import patiently
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target, resolve
from aisbench.errors import BadInput, CannotRun
from aisbench.masking import masked_text, remember_options
from aisbench.metrics import BY_NAME, metrics_of
from aisbench.records.folder import RunDirectory
from aisbench.records.json_lines import read_json_lines
from aisbench.workload.build import Progress

POLL_S = 0.1
READY_PATIENCE_S = 60.0
# From "all workers are ready" to the common start: each polls for it every 2 ms.
START_DELAY_NS = 30_000_000
# A run in which nothing has succeeded and this many failed the same plain way is hopeless.
HOPELESS_FAILURES = 100
HOPELESS_KINDS = ("connect", "http_status", "content_type", "bad_http")

Got = TypeVar("Got")
Tick = Callable[["Coordinator"], None]


def check_goodput(config: RunConfig, backend: Backend) -> None:
    """Raises BadInput for bounds on what the answers do not show."""
    if config.stream and backend.rules is not None:
        return
    for name in config.goodput or ():
        if BY_NAME[name].needs_stream:
            what = "--no-stream" if backend.rules is not None else f"--backend {config.backend}"
            alone = ", ".join(metric.name for metric in metrics_of(streams=False))
            raise BadInput(
                f"--goodput {name} needs streamed answers, which {what} has not; give {alone} alone"
            )


def silent(done: int, total: int) -> None:
    """Progress that nobody wants to see."""


class Coordinator:
    """`say` gets a line for people now and then, `progress` how far the prompts are made, `tick` is called
    ten times a second while load runs. `opening` is said once the run is prepared.

    Raises BadInput for options that make no run.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        command: list[str],
        say: Say,
        tick: Tick,
        progress: Progress = silent,
        opening: Sequence[str] = (),
    ) -> None:
        config.check()
        remember_options(asdict(config))
        self.config = config
        self.command = command
        self.say = say
        self.tick = tick
        self.progress = progress
        self.opening = opening
        self.backend = backend_named(config.backend)
        self.headers = parse_headers(config.header, config.api_key)
        self.transport = Transport.of(config)
        check_goodput(config, self.backend)
        workload_options(config, model="").check()
        self.interrupts = Interrupts()
        # Why the run has to end before its time, once it has.
        self.stopped: str | None = None
        self.abandoned: str | None = None
        self.plan: Plan
        self.start_ns = 0
        self.sending_ended_ns: int | None = None

    def run(self, urls: tuple[str, ...], *, simulator: bool) -> Path:
        """Runs against `urls` and returns the run's folder; raises BadInput before anything is sent, and CannotRun when no worker starts."""
        config = self.config
        workers = config.workers or default_workers(config.concurrency, config.arrival_law)
        share = None if config.concurrency is None else -(-config.concurrency // workers)
        files = raise_open_files(share, workers)
        targets = self.patiently(lambda: [resolve(url, self.transport) for url in urls])
        model = self.patiently(lambda: self.model(targets[0]))
        asked = Asked(
            config,
            self.backend,
            workers,
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
        self.path = targets[0].path(endpoint(asked))
        self.beside = Beside(asked)
        self.beside.wait_for_answers(self.say)
        self.directory = RunDirectory.create(config.work_dir)
        try:
            with room_for(
                f"the run's files in {self.directory.path}", "free some, or give another --work-dir"
            ):
                prepared = prepare(asked, self.directory, self.say, self.progress)
        except BaseException:
            shutil.rmtree(self.directory.path)
            raise
        for line in self.opening:
            self.say(line)
        self.note([model.choice] if model.others else [])
        self.plan = prepared.plan
        self.scraper = self.metrics_scraper(targets)
        self.devices = self.device_sampler(targets)
        kept = f"what was recorded is kept: free some, then `aisbench report {self.directory.path}`"
        with self.interrupts.caught(), room_for(f"the run's records in {self.directory.path}", kept):
            self.run_workers(prepared)
        return self.directory.path

    def patiently(self, attempt: Callable[[], Got]) -> Got:
        """`attempt` again and again while --ready-check-timeout-sec allows it."""
        return patiently(attempt, self.config.ready_timeout_s, self.say)

    def model(self, target: Target) -> Model:
        if self.config.model is not None:
            return Model(self.config.model, None)
        return discover_model(target, self.transport, self.headers, generates=self.backend.generates)

    def metrics_scraper(self, targets: list[Target]) -> Scraper | None:
        """What reads the servers' own counters; a page at another address is not told the servers' key."""
        if not self.config.server_metrics:
            return None
        pages = [Page(f"{target.root_url}/metrics", target, self.headers) for target in targets]
        if self.config.metrics_url is not None:
            url = self.config.metrics_url
            pages = [Page(url if "://" in url else f"http://{url}", targets[0], {})]
        return Scraper(pages, self.transport, self.directory.records / "server.jsonl")

    def device_sampler(self, targets: list[Target]) -> DeviceSampler | None:
        """What reads the accelerators: by DCGM exporters, or of this host when a server runs on it."""
        if not self.config.device_metrics:
            return None
        return DeviceSampler(
            self.config.dcgm_url,
            self.config.metrics_url,
            self.directory.records / "devices.jsonl",
            local=any(target.is_here for target in targets),
        )

    def run_workers(self, prepared: Prepared) -> None:
        self.block = prepared.block
        inherited = (prepared.slots.fd,) if prepared.slots is not None else ()
        self.processes = WorkerProcesses(prepared.specs, self.directory.path / "logs", inherited)
        self.host_before = (host.steal_ns(), host.throttled_ns())
        try:
            if self.devices is not None:
                # Beside the workers' connecting: the first reading may take seconds.
                self.devices.begin()
                self.note(self.devices.notes)
            if self.wait_until_ready():
                self.watch()
        finally:
            self.processes.end()
            self.tell(self.beside.end())
            for sampler in (self.scraper, self.devices):
                if sampler is not None:
                    sampler.end()
        if self.stopped is not None and not self.start_ns:
            self.give_up()
        self.close_records()

    def give_up(self) -> NoReturn:
        """Ends a run that never started."""
        folder = self.directory.path
        if self.processes.full:
            # There is nothing in the folder that anyone could use, and it takes the room.
            shutil.rmtree(folder)
            raise CannotRun(
                f"the run did not start: no room on the disk for its records in {folder}; free some, or give another --work-dir"
            )
        self.close_records()
        raise CannotRun(f"the run did not start: {self.stopped} in {folder}")

    def tell(self, notes: list[str]) -> None:
        """Notes that matter at once."""
        self.note(notes)
        for note in notes:
            self.say(note)

    def note(self, notes: list[str]) -> None:
        """Adds to what the report says of the run; written with the next facts."""
        notes = [*(self.directory.facts.get("notes") or ()), *map(masked_text, notes)]
        self.directory.facts["notes"] = notes

    def live(self) -> np.ndarray:
        """The workers' live counters: a structured array, shape (workers,)."""
        return np.frombuffer(self.block.live_bytes(), dtype=np.dtype(LIVE_FIELDS))

    # Running

    def wait_until_ready(self) -> bool:
        """Waits for connections and warm-up, then sets the common start; False when there will be none."""
        patience = READY_PATIENCE_S + (self.config.timeout_s if self.config.warmup else 0)
        if self.config.connect_rate is not None:
            patience += (self.config.concurrency or MOST_AHEAD) / self.config.connect_rate
        give_up = time.monotonic() + patience
        while not self.live()["ready"].all():
            self.stopped = self.processes.dead
            if self.stopped is None and time.monotonic() > give_up:
                self.stopped = f"the workers were not ready within {patience:.0f} s"
            if self.stopped is not None or self.interrupts.count:
                self.block.stop(2)
                return False
            time.sleep(0.005)
        # Behind the warm-up, whose prompts are in the cache as well.
        self.tell(self.beside.empty_caches())
        if self.scraper is not None:
            # After the warm-up and before the start: from here on the counters' growth is this run's.
            self.scraper.begin()
            self.note(self.scraper.notes)
        self.tell(self.beside.begin())
        self.host_before = (host.steal_ns(), host.throttled_ns())
        self.start_ns = now_ns() + START_DELAY_NS
        self.directory.write(start_ns=self.start_ns)
        self.block.start(self.start_ns, self.deadline_ns)
        return True

    @property
    def deadline_ns(self) -> int:
        """When sending ends by the clock; 0: never."""
        return self.start_ns + int(self.config.duration_s * 1e9) if self.config.duration_s is not None else 0

    def watch(self) -> None:
        """Until all workers have ended: the live view, the reasons to stop early, the grace period."""
        give_up_at: float | None = None
        while self.processes.running:
            self.tick(self)
            live = self.live()
            if self.stopped is None:
                self.stopped = self.processes.dead or self.hopeless(live)
            if self.sending_ended_ns is None and self.sending_has_ended(live):
                self.sending_ended_ns = now_ns()
                self.block.stop(1)
                if self.deadline_ns or self.interrupts.count or self.stopped:
                    give_up_at = time.monotonic() + self.config.grace_s
            if give_up_at is None and self.interrupts.count:
                give_up_at = time.monotonic() + self.config.grace_s
            given_up = give_up_at is not None and time.monotonic() > give_up_at
            if given_up or self.abandoned is not None or self.interrupts.count > 1:
                self.block.stop(2)
            self.processes.wait(POLL_S)
        self.stopped = self.stopped or self.processes.dead
        self.tick(self)

    def abandon(self, reason: str) -> None:
        """Ends the run at the next look: who called for it knows enough. What is in flight is given up."""
        self.abandoned = reason

    def wait_until_idle(self, *, least_s: float, most_s: float) -> int | None:
        """After a run that was cut: see draining.wait_until_idle."""
        pages = list(self.scraper.pages.values()) if self.scraper is not None else []
        return wait_until_idle(pages, self.transport, least_s=least_s, most_s=most_s)

    def sending_has_ended(self, live: np.ndarray) -> bool:
        if self.stopped is not None or self.abandoned is not None or self.interrupts.count:
            return True
        if self.deadline_ns and self.deadline_ns + LAST_SEND_NS <= now_ns():
            return True
        return 0 <= self.plan.requests <= int(live["sent"].sum() + live["dropped"].sum())

    def hopeless(self, live: np.ndarray) -> str | None:
        if self.chosen is not None and not live["ok"].any():
            refused = first_refusal(self.directory.records)
            if refused is not None:
                return f"stopped at the first refusal: {refused} ({self.chosen.choice})"
        if live["ok"].any() or live["token_events"].any() or live["failed"].sum() < HOPELESS_FAILURES:
            return None
        errors = dict(zip(ERRORS, live["errors"].sum(axis=0).tolist(), strict=False))
        if sum(errors[kind] for kind in HOPELESS_KINDS) < HOPELESS_FAILURES:
            return None
        return f"stopped early: the first {int(live['failed'].sum())} requests all failed"

    # Closing

    def close_records(self) -> None:
        live = self.live()
        steal_ns, throttled_ns = self.host_before
        outcome, reason = "finished", None
        if self.stopped is not None:
            outcome, reason = "failed", self.stopped
        elif self.interrupts.count:
            outcome, reason = "interrupted", "stopped by the user"
        elif self.abandoned is not None:
            outcome, reason = "abandoned", self.abandoned
        self.directory.write(
            outcome=outcome,
            outcome_reason=reason,
            sending_ended_ns=self.sending_ended_ns,
            end_ns=now_ns(),
            workers=[self.worker_figures(worker, live[worker]) for worker in range(len(live))],
            host={
                "cpus": cpus(),
                "steal_ns": host.steal_ns() - steal_ns,
                "throttled_ns": host.throttled_ns() - throttled_ns,
                "kernel": platform.release(),
            },
            error_samples=self.error_samples(),
            **self.beside.facts,
        )
        # Mapped by this process until it ends.
        (self.directory.records / BLOCK).unlink(missing_ok=True)

    def worker_figures(self, worker: int, live: Any) -> dict[str, Any]:
        """What the worker wrote about itself, with its counters; a killed one wrote nothing."""
        path = self.directory.records / f"worker-{worker}.json"
        figures: dict[str, Any] = {"worker": worker, "pid": None}
        if path.exists():
            figures = json.loads(path.read_text())
            path.unlink()
        figures["died"] = self.processes.death_of(worker)
        for name in ("reads", "reads_stamped", "stale_retries"):
            figures[name] = int(live[name])
        return figures

    def error_samples(self) -> list[dict[str, Any]]:
        """The first failures of each kind; the workers' files of them move to the logs."""
        samples: list[dict[str, Any]] = []
        for path in sorted(self.directory.records.glob("errors-*.jsonl")):
            samples += read_json_lines(path)
            path.rename(self.directory.path / "logs" / path.name)
        for sample in samples:
            sample["message"] = with_hint(sample, self.path)
        return samples
