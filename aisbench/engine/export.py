"""Makes a run's workload and writes it out; sends no load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.engine.plan import make_plan, workload_options
from aisbench.engine.target.discovery import model_for
from aisbench.engine.target.request_head import parse_headers
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from aisbench.engine.workload_cache import build_for
from aisbench.errors import BadInput
from aisbench.masking.masking import remember_options
from aisbench.workload.build import Progress, Workload
from aisbench.workload.export import export_lines
from aisbench.workload.recipe import Recipe

# Stands in for the model's name where no body contains it.
NO_MODEL = "none"


def make_workload(config: RunConfig, model: str, folder: Path, progress: Progress) -> Workload:
    """The workload of a run of `config`, with its files in `folder`. Raises BadInput if it cannot be made."""
    backend = backend_named(config.backend, config.template)
    recipe = Recipe(workload_options(config, model), backend, stream=config.stream)
    return build_for(config, lambda _: None)(recipe, folder, progress)


def exported(config: RunConfig, workload: Workload) -> tuple[int, Iterator[bytes]]:
    """The number of requests in a run of `config`, and a line for each.

    A run that is limited by time alone is written as one round of its bodies.
    """
    plan = make_plan(config, workload.prompts)
    whole = plan.limit >= 0 and workload.prompts.conversations is None
    requests = plan.limit if whole else workload.bodies.count
    # Of users, only the first turns have planned times.
    offsets_ns = plan.offsets_ns if plan.law is not None and config.users is None else None
    return requests, export_lines(workload, requests, offsets_ns)


def model_name(config: RunConfig) -> str:
    """The model that the bodies name: --model, or one that the first server lists. Raises BadInput without either."""
    if config.model is None and not config.url:
        if (
            config.dataset != "file"
            and not config.lora_modules
            and "model" in backend_named(config.backend, config.template).field_names()
        ):
            raise BadInput(
                "every body names its model: give --model, or the --url of a server that lists its models"
            )
        return NO_MODEL
    if config.model is not None:
        return config.model
    remember_options(asdict(config))
    transport = Transport.of(config)
    headers = parse_headers(config.header, config.api_key, backend_named(config.backend, config.template))
    return model_for(config, resolve(config.url[0], transport), transport, headers).name
