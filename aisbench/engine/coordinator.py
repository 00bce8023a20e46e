"""One run from start to end: prepares, starts the workers, watches them, and closes the records.

Nothing of a request passes through here. While load runs, the coordinator looks at shared counters
ten times a second, and that is all.
"""

from __future__ import annotations

import contextlib
import json
import platform
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import aisbench
from aisbench._native.clock import now_ns
from aisbench._native.recorder import ERRORS
from aisbench._native.shared import LIVE_FIELDS, SharedBlock, Slots
from aisbench.backends.registry import backend_named
from aisbench.engine import host
from aisbench.engine.config import RunConfig
from aisbench.engine.discovery import discover_model
from aisbench.engine.limits import SPARE_FILES, cpus, default_workers, raise_open_files
from aisbench.engine.plan import Plan, make_plan
from aisbench.engine.rundir import RunDirectory, local_date
from aisbench.engine.spec import WorkerSpec
from aisbench.engine.target import Target, parse_headers, request_head, resolve
from aisbench.errors import BadInput
from aisbench.workload.build import build_workload
from aisbench.workload.options import WorkloadOptions, parse_range_ratio

POLL_S = 0.1
READY_PATIENCE_S = 60.0
# From "all workers are ready" to the common start: each polls for it every 2 ms.
START_DELAY_NS = 30_000_000
# A run in which nothing has succeeded and this many failed the same plain way is hopeless.
HOPELESS_FAILURES = 100
HOPELESS_KINDS = ("connect", "http_status", "content_type", "bad_http")
# Connections made ahead in open loop: so many seconds' worth of arrivals.
AHEAD_S = 2.0
MOST_AHEAD = 1024

Say = Callable[[str], None]
Tick = Callable[["Coordinator"], None]


@dataclass
class Interrupts:
    """How often the user asked to stop: once to let requests finish, twice to give them up."""

    count: int = 0

    @contextlib.contextmanager
    def caught(self) -> Iterator[Interrupts]:
        def note(*_: object) -> None:
            self.count += 1

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Coordinator:
    """`say` gets a line for people now and then, `tick` is called ten times a second while load runs."""

    def __init__(self, config: RunConfig, *, command: list[str], say: Say, tick: Tick) -> None:
        config.check()
        self.config = config
        self.say = say
        self.tick = tick
        self.backend = backend_named(config.backend)
        self.ratios = parse_range_ratio(config.range_ratio)
        self.headers = parse_headers(config.header, config.api_key)
        self.plan: Plan = make_plan(config)
        self.workers = config.workers or default_workers(config.concurrency, config.rate)
        self.command = command
        self.processes: list[subprocess.Popen[bytes]] = []
        self.stopped: str | None = None
        self.start_ns = 0
        self.sending_ended_ns: int | None = None

    def run(self, url: str, *, simulator: bool) -> Path:
        """Runs against `url` and returns the run's folder; raises BadInput before anything is sent."""
        config = self.config
        files = raise_open_files(self.connections_of_worker(), self.workers)
        target = resolve(url, config.endpoint or self.backend.path)
        model = config.model or discover_model(target, self.headers)
        self.directory = RunDirectory.create(config.work_dir)
        with contextlib.ExitStack() as stack:
            interrupts = stack.enter_context(Interrupts().caught())
            try:
                self.prepare(target, model, files, simulator)
            except BadInput:
                shutil.rmtree(self.directory.path)
                raise
            stack.callback(self.end_processes)
            self.start_workers()
            if self.wait_until_ready(interrupts):
                self.watch(interrupts)
            self.close_records(interrupts)
        return self.directory.path

    def connections_of_worker(self) -> int | None:
        if self.config.concurrency is None:
            return None
        return -(-self.config.concurrency // self.workers)

    # Preparing

    def prepare(self, target: Target, model: str, files: int, simulator: bool) -> None:
        config, plan, records = self.config, self.plan, self.directory.records
        options = WorkloadOptions(
            count=plan.bodies,
            model=model,
            dataset=config.dataset,
            input_len=config.input_len,
            output_len=config.output_len,
            range_ratio=self.ratios,
            prefix_len=config.prefix_len,
            seed=config.seed,
            tokenizer=config.tokenizer,
            trust_remote_code=config.trust_remote_code,
            token_ids=config.token_ids,
            ignore_eos=config.ignore_eos,
            temperature=config.temperature,
            extra_body=config.extra_body,
        )
        workload = build_workload(options, self.backend, records)
        for note in workload.notes:
            self.say(note)
        limit = self.in_flight_limit(files)
        self.block = SharedBlock.create(
            str(records / "shared.bin"), self.workers, plan.limit, plan.offsets_ns
        )
        self.slots = Slots(count=limit) if limit is not None else None
        asked = config.as_dict() | {
            "url": target.base_url,
            "endpoint": target.path,
            "model": model,
            "arrival": config.arrival_name,
            "workers": self.workers,
            "ramp_up": None
            if plan.ramp is None
            else {"strategy": plan.ramp.strategy, "from_rps": plan.ramp.from_rps, "to_rps": plan.ramp.to_rps},
        }
        self.directory.write_config(config, model=model, endpoint=target.path, workers=self.workers)
        self.directory.write(
            version=aisbench.__version__,
            command=self.command,
            date=local_date(),
            config=asked,
            simulator=simulator,
            start_ns=0,
            sending_ended_ns=None,
            end_ns=None,
            outcome="running",
            outcome_reason=None,
            workers=[],
            limits={"open_files": files, "in_flight": limit, "binding": self.binding},
            fingerprint={
                "bodies": workload.bodies.fingerprint,
                "arrivals": plan.fingerprint,
                "unique_prompts": workload.bodies.unique,
            },
            planned_requests=plan.limit if plan.limit >= 0 else None,
            prompts={"prompt_tokens": "prompt_tokens.npy", "max_tokens": "max_tokens.npy"},
            notes=workload.notes,
            error_samples=[],
        )
        self.write_specs(target, limit)

    def in_flight_limit(self, files: int) -> int | None:
        """The in-flight limit of all workers together; where none is asked for, open files set one."""
        self.binding: str | None = None
        if self.config.concurrency is not None:
            return self.config.concurrency
        most = (files - SPARE_FILES) * self.workers
        if 0 <= self.plan.limit <= most:
            return None
        self.binding = "open files"
        self.say(f"at most {most} requests can be in flight: this system allows {files} open files a process")
        return most

    def write_specs(self, target: Target, limit: int | None) -> None:
        config, records = self.config, self.directory.records
        share = -(-limit // self.workers) if limit is not None else 1 << 40
        drop_ms = config.drop_after_ms()
        run_id = f"aisbench-{secrets.token_hex(4)}"
        for worker in range(self.workers):
            spec = WorkerSpec(
                worker=worker,
                workers=self.workers,
                records=str(records),
                block=str(records / "shared.bin"),
                bodies=str(records / "bodies.bin"),
                slots_fd=self.slots.fd if self.slots is not None else None,
                share=share,
                connect_ahead=self.connections_ahead(share),
                warmup=config.warmup // self.workers + (worker < config.warmup % self.workers),
                address=target.sockaddr().decode("latin-1"),
                head=request_head(target, self.headers, run_id).decode("latin-1"),
                rules=[list(rule) for rule in self.backend.rules],
                counts_chunks=config.ttft_at == "first-chunk",
                max_event_bytes=config.max_chunk_size,
                timeout_ns=int(config.timeout_s * 1e9),
                drop_after_ns=-1 if drop_ms is None else int(drop_ms * 1e6),
                rest_ns=int(config.reader_rest_ms * 1e6),
                token_times=config.save_token_times or config.save_detailed,
                text=config.save_outputs or config.save_detailed,
            )
            spec.write(records / f"spec-{worker}.json")

    def connections_ahead(self, share: int) -> int:
        """How many connections a worker makes before the start: all that it will surely use."""
        wanted = float(self.plan.limit) if self.plan.limit >= 0 else float(1 << 40)
        if self.config.is_open_loop:
            rate = self.plan.ramp.to_rps if self.plan.ramp is not None else self.config.rate
            wanted = min(wanted, AHEAD_S * rate)
        return int(min(share, MOST_AHEAD, -(-wanted // self.workers)))

    # Running

    def start_workers(self) -> None:
        inherited = (self.slots.fd,) if self.slots is not None else ()
        for worker in range(self.workers):
            log = (self.directory.path / "logs" / f"worker-{worker}.log").open("wb")
            with log:
                self.processes.append(
                    subprocess.Popen(
                        [
                            sys.executable,
                            "-m",
                            "aisbench.engine.worker",
                            str(self.directory.records / f"spec-{worker}.json"),
                        ],
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        pass_fds=inherited,
                    )
                )

    def live(self) -> np.ndarray:
        """The workers' live counters: a structured array, shape (workers,)."""
        return np.frombuffer(self.block.live_bytes(), dtype=np.dtype(LIVE_FIELDS))

    def dead_worker(self) -> str | None:
        """Why a worker is gone that should not be, if one is."""
        for worker, process in enumerate(self.processes):
            code = process.poll()
            if code is not None and code != 0:
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                return f"worker {worker} died ({how}); see logs/worker-{worker}.log"
        return None

    def wait_until_ready(self, interrupts: Interrupts) -> bool:
        """Waits for connections and warm-up, then sets the common start."""
        patience = READY_PATIENCE_S + (self.config.timeout_s if self.config.warmup else 0)
        give_up = time.monotonic() + patience
        while not self.live()["ready"].all():
            self.stopped = self.dead_worker()
            if self.stopped is None and time.monotonic() > give_up:
                self.stopped = f"the workers were not ready within {patience:.0f} s"
            if self.stopped is not None or interrupts.count:
                self.block.stop(2)
                return False
            time.sleep(0.005)
        self.host_before = (host.steal_ns(), host.throttled_ns())
        self.start_ns = now_ns() + START_DELAY_NS
        deadline = 0
        if self.config.duration_s is not None:
            deadline = self.start_ns + int(self.config.duration_s * 1e9)
        self.directory.write(start_ns=self.start_ns)
        self.block.start(self.start_ns, deadline)
        return True

    def watch(self, interrupts: Interrupts) -> None:
        """Until all workers have ended: the live view, the reasons to stop early, the grace period."""
        give_up_at: float | None = None
        while any(process.poll() is None for process in self.processes):
            self.tick(self)
            live = self.live()
            if self.stopped is None:
                self.stopped = self.dead_worker() or self.hopeless(live)
            if self.sending_ended_ns is None and self.sending_has_ended(live, interrupts):
                self.sending_ended_ns = now_ns()
                self.block.stop(1)
                if self.config.duration_s is not None or interrupts.count or self.stopped:
                    give_up_at = time.monotonic() + self.config.grace_s
            if (give_up_at is not None and time.monotonic() > give_up_at) or interrupts.count > 1:
                self.block.stop(2)
            self.wait_for_a_worker()
        self.stopped = self.stopped or self.dead_worker()
        self.tick(self)

    def wait_for_a_worker(self) -> None:
        """Sleeps until the next look, or until the first running worker ends."""
        for process in self.processes:
            if process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_S)
                return

    def sending_has_ended(self, live: np.ndarray, interrupts: Interrupts) -> bool:
        if self.stopped is not None or interrupts.count:
            return True
        if self.config.duration_s is not None and now_ns() >= self.start_ns + int(
            self.config.duration_s * 1e9
        ):
            return True
        done = int(live["sent"].sum() + live["dropped"].sum())
        return 0 <= self.plan.limit <= done

    def hopeless(self, live: np.ndarray) -> str | None:
        if live["ok"].any() or live["token_events"].any() or live["failed"].sum() < HOPELESS_FAILURES:
            return None
        errors = dict(zip(ERRORS, live["errors"].sum(axis=0).tolist(), strict=False))
        if sum(errors[kind] for kind in HOPELESS_KINDS) < HOPELESS_FAILURES:
            return None
        return f"stopped early: the first {int(live['failed'].sum())} requests all failed"

    def end_processes(self) -> None:
        for process in self.processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self.processes:
            try:
                process.wait(5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # Closing

    def close_records(self, interrupts: Interrupts) -> None:
        self.end_processes()
        live = self.live()
        steal, throttled = self.host_before if self.start_ns else (host.steal_ns(), host.throttled_ns())
        outcome, reason = "finished", None
        if self.stopped is not None:
            outcome, reason = "failed", self.stopped
        elif interrupts.count:
            outcome, reason = "interrupted", "stopped by the user"
        elif self.start_ns == 0:
            outcome, reason = "failed", "the run never started"
        self.directory.write(
            outcome=outcome,
            outcome_reason=reason,
            sending_ended_ns=self.sending_ended_ns,
            end_ns=now_ns(),
            workers=[self.worker_figures(worker, live[worker]) for worker in range(self.workers)],
            host={
                "cpus": cpus(),
                "steal_ns": host.steal_ns() - steal,
                "throttled_ns": host.throttled_ns() - throttled,
                "kernel": platform.release(),
            },
            error_samples=self.error_samples(),
        )
        for spec in self.directory.records.glob("spec-*.json"):
            spec.unlink()

    def worker_figures(self, worker: int, live: Any) -> dict[str, Any]:
        """What the worker wrote about itself, with its counters; a killed one wrote nothing."""
        path = self.directory.records / f"worker-{worker}.json"
        code = self.processes[worker].returncode if worker < len(self.processes) else None
        figures: dict[str, Any] = {"worker": worker, "pid": None}
        if path.exists():
            figures = json.loads(path.read_text())
            path.unlink()
        elif code:
            figures["died"] = f"signal {-code}" if code < 0 else f"exit code {code}"
        for name in ("reads", "reads_stamped", "stale_retries"):
            figures[name] = int(live[name])
        return figures

    def error_samples(self) -> list[dict[str, Any]]:
        samples: list[dict[str, Any]] = []
        for path in sorted(self.directory.records.glob("errors-*.jsonl")):
            for line in path.read_text().splitlines():
                with contextlib.suppress(ValueError):
                    samples.append(json.loads(line))
            path.rename(self.directory.path / "logs" / path.name)
        return samples
