"""All that must lie ready before the first worker is started: bodies, plan, limits, specs, run.json."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import aisbench
from aisbench._native.shared import SharedBlock, Slots
from aisbench.backends.backend import Backend
from aisbench.engine.config import RunConfig
from aisbench.engine.limits import SPARE_FILES
from aisbench.engine.plan import Plan
from aisbench.engine.rundir import RunDirectory, local_date
from aisbench.engine.spec import WorkerSpec
from aisbench.engine.target import Target, request_head
from aisbench.workload.build import Workload, build_workload
from aisbench.workload.options import WorkloadOptions, parse_range_ratio

# Connections made ahead in open loop: so many seconds' worth of arrivals.
AHEAD_S = 2.0
MOST_AHEAD = 1024
# How often preparing prompts says how far it is.
SAY_EVERY_S = 2.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What is known of a run before anything is made for it."""

    config: RunConfig
    backend: Backend
    plan: Plan
    workers: int
    headers: dict[str, str]
    target: Target
    model: str
    open_files: int
    simulator: bool
    command: list[str]


@dataclass(frozen=True)
class Prepared:
    block: SharedBlock
    slots: Slots | None
    specs: list[Path]


def prepare(asked: Asked, directory: RunDirectory, say: Say) -> Prepared:
    """Makes everything in `directory`; raises BadInput for a workload that cannot be made."""
    workload = build_workload(
        workload_options(asked), asked.backend, directory.records, progress=Progress(say).report
    )
    for note in workload.notes:
        say(note)
    limit, binding = in_flight_limit(asked)
    if binding is not None:
        say(
            f"at most {limit} requests can be in flight: {asked.open_files} open files a process are allowed here"
        )
    block_path = directory.records / "shared.bin"
    block = SharedBlock.create(str(block_path), asked.workers, asked.plan.limit, asked.plan.offsets_ns)
    slots = Slots(count=limit) if limit is not None else None
    write_facts(asked, directory, workload, limit, binding)
    return Prepared(block, slots, write_specs(asked, directory.records, limit, slots))


def workload_options(asked: Asked) -> WorkloadOptions:
    """The options of the workload are the run's, by the same names."""
    names = {f.name for f in fields(WorkloadOptions)} - {"count", "model", "range_ratio"}
    return WorkloadOptions(
        count=asked.plan.bodies,
        model=asked.model,
        range_ratio=parse_range_ratio(asked.config.range_ratio),
        **{name: getattr(asked.config, name) for name in names},
    )


class Progress:
    """Says now and then how many prompts are made; a quick workload says nothing."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.next_s = time.monotonic() + SAY_EVERY_S

    def report(self, done: int, total: int) -> None:
        if time.monotonic() >= self.next_s:
            self.next_s = time.monotonic() + SAY_EVERY_S
            self.say(f"preparing prompts: {done} of {total}")


def in_flight_limit(asked: Asked) -> tuple[int | None, str | None]:
    """The in-flight limit of all workers together (None: none is needed), and what of this machine set it."""
    if asked.config.concurrency is not None:
        return asked.config.concurrency, None
    most = (asked.open_files - SPARE_FILES) * asked.workers
    return (None, None) if 0 <= asked.plan.limit <= most else (most, "open files")


def connections_ahead(asked: Asked, share: int) -> int:
    """How many connections a worker makes before the start: those that it will surely use."""
    wanted = float(asked.plan.limit) if asked.plan.limit >= 0 else float(1 << 40)
    if asked.config.is_open_loop:
        rate = asked.plan.ramp.to_rps if asked.plan.ramp is not None else asked.config.rate
        wanted = min(wanted, AHEAD_S * rate)
    return int(min(share, MOST_AHEAD, -(-wanted // asked.workers)))


def write_facts(
    asked: Asked, directory: RunDirectory, workload: Workload, limit: int | None, binding: str | None
) -> None:
    config, plan = asked.config, asked.plan
    resolved = {"model": asked.model, "endpoint": asked.target.path, "workers": asked.workers}
    directory.write_config(config, **resolved)
    ramp = plan.ramp
    directory.write(
        version=aisbench.__version__,
        command=asked.command,
        date=local_date(),
        config={
            **config.as_dict(),
            **resolved,
            "url": asked.target.base_url,
            "arrival": config.arrival_name,
            "ramp_up": ramp and {"strategy": ramp.strategy, "from_rps": ramp.from_rps, "to_rps": ramp.to_rps},
        },
        simulator=asked.simulator,
        start_ns=0,
        sending_ended_ns=None,
        end_ns=None,
        outcome="running",
        outcome_reason=None,
        workers=[],
        limits={"open_files": asked.open_files, "in_flight": limit, "binding": binding},
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


def write_specs(asked: Asked, records: Path, limit: int | None, slots: Slots | None) -> list[Path]:
    config, workers = asked.config, asked.workers
    share = -(-limit // workers) if limit is not None else 1 << 40
    drop_ms = config.drop_after_ms()
    run_id = f"aisbench-{secrets.token_hex(4)}"
    paths = []
    for worker in range(workers):
        spec = WorkerSpec(
            worker=worker,
            workers=workers,
            records=str(records),
            block=str(records / "shared.bin"),
            bodies=str(records / "bodies.bin"),
            slots_fd=slots.fd if slots is not None else None,
            share=share,
            connect_ahead=connections_ahead(asked, share),
            warmup=config.warmup // workers + (worker < config.warmup % workers),
            address=asked.target.sockaddr().decode("latin-1"),
            head=request_head(asked.target, asked.headers, run_id).decode("latin-1"),
            rules=[list(rule) for rule in asked.backend.rules or ()],
            counts_chunks=config.ttft_at == "first-chunk",
            max_event_bytes=config.max_chunk_size,
            timeout_ns=int(config.timeout_s * 1e9),
            drop_after_ns=-1 if drop_ms is None else int(drop_ms * 1e6),
            rest_ns=int(config.reader_rest_ms * 1e6),
            token_times=config.save_token_times or config.save_detailed,
            text=config.save_outputs or config.save_detailed,
        )
        paths.append(records / f"spec-{worker}.json")
        spec.write(paths[-1])
    return paths
