"""Writes run.json and config.yaml before anything is sent."""

from __future__ import annotations

from typing import Any

import aisbench
from aisbench.engine.asked import Asked
from aisbench.engine.plan import Plan
from aisbench.engine.roofline_file import read_roofline
from aisbench.masking.masking import masked_url
from aisbench.records.folder import RunDirectory, local_date
from aisbench.workload.build import Workload


def write_facts(
    asked: Asked,
    directory: RunDirectory,
    workload: Workload,
    plan: Plan,
    notes: list[str],
    limit: int | None,
    binding: str | None,
) -> None:
    config = asked.config
    first = asked.targets[0]
    path = first.path(asked.endpoint)
    talks = workload.prompts.conversations
    urls = [masked_url(target.base_url) for target in asked.targets]
    resolved = {
        "model": asked.model.name,
        "endpoint": masked_url(asked.endpoint),
        "workers": asked.workers,
    }
    # On a cluster the number of workers follows from the nodes.
    directory.write_config(config, **{**resolved, "workers": None} if config.ray else resolved)
    directory.write(
        version=aisbench.__version__,
        command=asked.command,
        date=local_date(),
        config={
            **config.as_dict(),
            **resolved,
            "endpoint": masked_url(path),
            "url": ", ".join(urls),
            "arrival": plan.law_name,
            "ramp_up": plan.law and plan.law.ramp_facts,
        },
        endpoints=urls,
        streams=asked.streams,
        generates=asked.backend.generates,
        inputs_per_request=workload.inputs / workload.bodies.count,
        open_loop=plan.law is not None,
        output_tokens_from=asked.backend.output_tokens_from,
        simulator=asked.simulator,
        start_ns=0,
        sending_ended_ns=None,
        end_ns=None,
        outcome="running",
        outcome_reason=None,
        workers=[],
        limits={"open_files": asked.open_files, "in_flight": limit, "binding": binding},
        fingerprint={**workload.fingerprint, "arrivals": plan.fingerprint},
        planned_requests=plan.requests if plan.requests >= 0 else None,
        conversations=len(talks.first) - 1 if talks is not None else None,
        branching=talks is not None and talks.after is not None,
        planned_turns=talks.by_turn(config.users) if talks is not None and plan.requests >= 0 else None,
        prompts={"prompt_tokens": "prompt_tokens.npy", "max_tokens": "max_tokens.npy"},
        notes=notes,
        roofline=_known_roofline(),
        error_samples=[],
    )


def _known_roofline() -> dict[str, Any] | None:
    """The result of the last selfcheck on this host, without its steps; None if there was none."""
    found = read_roofline()
    return found and {name: found[name] for name in ("event_ns", "request_ns", "date")}
