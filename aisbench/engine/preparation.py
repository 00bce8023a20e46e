"""Makes what the workers need before they start: bodies, plan, limits, specs, run.json."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from aisbench.config.run_config import RunConfig
from aisbench.engine.asked import Asked
from aisbench.engine.crew.crew import Share
from aisbench.engine.crew.local import BLOCK
from aisbench.engine.crew.warm_up_files import warm_up_bodies
from aisbench.engine.crew.worker_spec import WorkerSpec
from aisbench.engine.facts import write_facts
from aisbench.engine.limits import SPARE_FILES
from aisbench.engine.plan import Plan, make_plan, plan_notes, workload_options
from aisbench.engine.target.alignment import Alignment
from aisbench.engine.target.discovery import Model
from aisbench.engine.target.specs import names_spec, target_specs
from aisbench.engine.target.urls import packed_address
from aisbench.engine.turns import write_conversations
from aisbench.engine.workload_cache import build_for
from aisbench.masking.masking import known
from aisbench.records.folder import RunDirectory
from aisbench.records.turns import NAME as TURNS
from aisbench.workload.bodies import write_bodies
from aisbench.workload.build import Build, Progress, Workload
from aisbench.workload.recipe import Recipe, Through
from aisbench.workload.sessions.options import AT_SERVER

# Connections made ahead in an open loop: enough for the arrivals of this many seconds.
_AHEAD_S = 2.0
MOST_AHEAD = 1024
_READY_PATIENCE_S = 60.0
# Data sets whose prompts vLLM's client checks with the server's tokenizer.
_ALIGNED = ("random", "prefix-repetition", "prefix_repetition")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    specs: list[WorkerSpec]
    plan: Plan
    # Of one host that has all workers.
    share: Share
    # Whether requests before the run fill the servers' prefix caches.
    fills: bool

    def patience_s(self, config: RunConfig) -> float:
        """How long the workers may take to connect and to send what goes before the run."""
        patience = _READY_PATIENCE_S
        if any(spec.warmup for spec in self.specs):
            patience += config.timeout_s
        if config.connect_rate is not None:
            patience += (config.concurrency or MOST_AHEAD) / config.connect_rate
        return patience


def prepare(
    asked: Asked, directory: RunDirectory, say: Say, progress: Progress, build: Build | None = None
) -> Prepared:
    """Makes everything in `directory`; calls `progress(done, total)` while prompts are made. `build` makes the bodies (None:
    see build_for).

    Raises BadInput for a workload that cannot be made.
    """
    recipe = Recipe(
        workload_options(asked.config, asked.model.name),
        asked.backend,
        stream=asked.config.stream,
        warm_up=asked.config.warmup,
        through=_aligner(asked, say),
    )
    workload = (build or build_for(asked.config, say))(recipe, directory.records, progress)
    plan = make_plan(asked.config, workload.prompts)
    notes = [
        *asked.config.scenario_notes,
        *workload.notes,
        *plan_notes(asked.config, plan),
        *_too_long(asked.model, workload),
        *_outside_sessions(asked.config, workload),
    ]
    for note in notes:
        say(note)
    limit, binding = _in_flight_limit(asked, plan)
    if binding is not None:
        say(
            f"at most {limit} requests can be in flight, because a process may open {asked.open_files} files here"
        )
    talks = workload.prompts.conversations
    if talks is not None:
        write_conversations(directory.records / TURNS, talks)
    write_facts(asked, directory, workload, plan, notes, limit, binding)
    warm_ups = _write_warm_up(asked, directory.records, workload)
    specs = _worker_specs(asked, directory.records, plan, limit, warm_ups, workload.names)
    share = Share(
        plan.limit,
        plan.offsets_ns,
        in_flight=limit,
        prefills=asked.config.prefill_concurrency,
        most_each=asked.open_files - SPARE_FILES,
        ramp_s=asked.config.concurrency_ramp_s,
    )
    return Prepared(specs, plan, share, fills=bool(workload.fill))


def _aligner(asked: Asked, say: Say) -> Through | None:
    """The step that `vllm bench serve` applies to the prompts of its random data sets; None: no such step."""
    if (
        asked.config.compat != "vllm"
        or asked.config.dataset not in _ALIGNED
        or asked.config.tokenizer is None
    ):
        return None
    return Alignment(asked.targets[0], asked.transport, asked.model.name, say).align


def _outside_sessions(config: RunConfig, workload: Workload) -> list[str]:
    """A note if headers are to name sessions that the workload does not have."""
    given = [
        flag
        for flag, names in (
            ("--session-header", config.session_header),
            ("--session-parent-header", config.session_parent_header),
            ("--session-token-header", config.session_token_header),
        )
        if names
    ]
    if not given or workload.prompts.conversations is not None:
        return []
    return [f"{', '.join(given)}: these requests belong to no session, so none carries such a header"]


def _too_long(model: Model, workload: Workload) -> list[str]:
    """A warning if requests exceed the model's context."""
    if model.context_tokens is None:
        return []
    total = workload.prompt_tokens + np.maximum(workload.max_tokens, 0)
    over = int((total > model.context_tokens).sum())
    if over == 0:
        return []
    return [
        f"{over} of {len(total)} requests ask for more than the model's context of {model.context_tokens} tokens "
        f"(the longest for {int(total.max())}, prompt and output together); the server will refuse or cut them"
    ]


def _in_flight_limit(asked: Asked, plan: Plan) -> tuple[int | None, str | None]:
    """The in-flight limit of all workers together (None: no limit), and the machine's limit behind it, if any."""
    if asked.config.concurrency is not None:
        return asked.config.concurrency, None
    most = (asked.open_files - SPARE_FILES) * asked.workers
    return (None, None) if 0 <= plan.limit <= most else (most, "open files")


def connections_ahead(asked: Asked, plan: Plan, share: int) -> int:
    """How many connections a worker makes before the start: as many as it is sure to use."""
    if not asked.transport.keep_alive:
        return 0
    wanted = float(plan.limit) if plan.limit >= 0 else float(1 << 40)
    if plan.law is not None:
        wanted = min(wanted, _AHEAD_S * plan.law.peak_rate)
    return int(min(share, MOST_AHEAD, -(-wanted // asked.workers)))


def _run_name(asked: Asked) -> str:
    """A new name for the run, which begins its request ids. vLLM's client begins them with bench."""
    return f"{'bench' if asked.config.compat == 'vllm' else 'aisbench'}-{secrets.token_hex(4)}"


def _write_warm_up(asked: Asked, records: Path, workload: Workload) -> list[int]:
    """Writes a file for each worker that has requests to send before the run; returns how many each has.

    These are the warm-up bodies, repeated as needed to the number of --warmup, and those that fill the prefix cache.
    """
    bodies = list(islice(cycle(workload.warm_up), asked.config.warmup)) + workload.fill
    counts = []
    for worker in range(asked.workers):
        own = bodies[worker :: asked.workers]
        counts.append(len(own))
        if own:
            write_bodies(warm_up_bodies(records, worker), own, len(own))
    return counts


def _worker_specs(
    asked: Asked,
    records: Path,
    plan: Plan,
    limit: int | None,
    warm_ups: list[int],
    names_in_bodies: bool,
) -> list[WorkerSpec]:
    config, workers, backend = asked.config, asked.workers, asked.backend
    share = -(-limit // workers) if limit is not None else 1 << 40
    drop_ms = config.drop_after_ms()
    abort_s, abort_tokens = config.aborts_after()
    turns = records / TURNS
    rules = backend.rules if asked.streams else backend.plain_rules
    run = _run_name(asked)
    targets = target_specs(asked, run)
    return [
        WorkerSpec(
            worker=worker,
            workers=workers,
            records=str(records),
            block=str(records / BLOCK),
            bodies=str(records / "bodies.bin"),
            conversations=str(turns) if turns.exists() else None,
            keeps_slot=config.slots == "users",
            users=config.users or 0,
            user_gap_ns=config.user_gap_ns,
            history_reasoning=config.history_reasoning,
            history_at_server=config.history == AT_SERVER,
            # The crew has these.
            slots_fd=None,
            prefills_fd=None,
            abort_share=config.cancel_rate or 0.0,
            abort_seed=int(config.seed),
            abort_after_ns=int(abort_s * 1e9) if abort_s is not None else -1,
            abort_after_tokens=abort_tokens or 0,
            share=share,
            connect_ahead=connections_ahead(asked, plan, share),
            connect_rate=config.connect_rate / workers if config.connect_rate is not None else None,
            warmup=warm_ups[worker],
            targets=targets,
            names=names_spec(config, run, names_in_bodies),
            policy=config.url_policy,
            keep_alive=asked.transport.keep_alive,
            local_addresses=[
                packed_address(address, 0).decode("latin-1") for address in asked.transport.local_addresses
            ],
            cacert=asked.transport.cacert,
            insecure=asked.transport.insecure,
            backend=config.backend,
            template=config.template,
            rules=[list(rule) for rule in rules or ()],
            streams=asked.streams,
            # Token chunks can be counted only where the API marks them; elsewhere events with text are.
            counts_chunks=(config.counts_chunks and backend.marks_chunks) or not backend.generates,
            must_finish=backend.must_finish and asked.streams,
            lines=backend.lines and asked.streams,
            end=backend.end,
            max_event_bytes=config.event_bytes,
            max_answer_bytes=config.answer_bytes,
            timeout_ns=int(config.timeout_s * 1e9),
            drop_after_ns=-1 if drop_ms is None else int(drop_ms * 1e6),
            reader=config.reader,
            rest_ns=int(config.reader_rest_ms * 1e6),
            # Without the times, the gaps of a warm-up could not be told from the others.
            token_times=config.save_token_times
            or config.save_detailed
            or config.plot_timeline
            or config.warmup_time_s is not None,
            secrets=sorted(known),
            expected_rows=max(0, -(-plan.requests // workers)),
            text=config.save_outputs or config.save_detailed or config.score or asked.needs_tokenizer,
        )
        for worker in range(workers)
    ]
