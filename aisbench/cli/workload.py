"""`aisbench workload export` and `import`: a workload as a file, so that anyone can repeat it."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from aisbench.atomic import written_whole
from aisbench.cli.command import SETTINGS, Command, Group
from aisbench.cli.options.click_options import all_of
from aisbench.cli.options.run_options import RUN_OPTIONS, SECTIONS
from aisbench.config.run_config import RunConfig
from aisbench.config.vllm_meaning import run_config
from aisbench.errors import BadInput
from aisbench.saying import say
from aisbench.workload.seeds import drawn_lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aisbench.workload.build import Workload

# Where no body is made that would name it.
NO_MODEL = "none"


@click.group(cls=Group, context_settings=SETTINGS)
def workload() -> None:
    """Write a workload to a file, or check one. `--dataset file` sends it."""


@workload.command(cls=Command, sections=SECTIONS)
@all_of(*RUN_OPTIONS)
@click.option("--output", metavar="FILE", required=True, help="Where the JSON lines go; - is stdout.")
def export(output: str, **options: Any) -> int:
    """Write what `aisbench-load` with the same options would send: bodies, lengths, planned times.

    \b
    aisbench workload export --rate 10 --num-requests 500 --model M --output w.jsonl
    aisbench workload export --dataset trace --dataset-path trace.jsonl --model M --output w.jsonl

    Nothing is sent. Bodies name their model: give --model, or --url of a server that can be asked for it.
    """
    config = run_config(options).expanded()
    config.check()
    from aisbench.workload.export import export_lines

    with tempfile.TemporaryDirectory(prefix="aisbench-") as folder:
        made = built(config, Path(folder), model_of(config))
        slots, offsets_ns = planned(config, made)
        with written(output) as file:
            file.writelines(export_lines(made, slots, offsets_ns))
    for note in (*drawn_lines(options["seed"], config.seed), *made.notes):
        click.echo(note, err=True)
    if output != "-":
        click.echo(f"{slots} requests written to {output}")
    return 0


@workload.command("import", cls=Command)
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print the fingerprint as JSON.")
def import_(file: str, as_json: bool) -> int:
    """Check a file of `aisbench workload export` and print its fingerprint.

    \b
    aisbench workload import w.jsonl
    aisbench workload import w.jsonl --json > fingerprint.json
    """
    from aisbench.workload.arrivals.law import plan_fingerprint
    from aisbench.workload.build import build_workload
    from aisbench.workload.datasets.recorded.exported import exported_for
    from aisbench.workload.options import WorkloadOptions

    backend, streams = exported_for(Path(file))
    options = WorkloadOptions(count=None, model=NO_MODEL, dataset="file", dataset_path=file, stream=streams)
    with tempfile.TemporaryDirectory(prefix="aisbench-") as folder:
        made = build_workload(options, backend, Path(folder))
    arrivals, talks = made.prompts.arrivals_ns, made.prompts.conversations
    facts = {
        **made.fingerprint,
        "arrivals": None if arrivals is None else plan_fingerprint(arrivals),
        "planned_s": None if arrivals is None else float(arrivals[-1] / 1e9),
        "conversations": None if talks is None else len(talks.first) - 1,
    }
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return 0
    for name, value in facts.items():
        click.echo(f"{name}: {json.dumps(value)}")
    return 0


def built(config: RunConfig, folder: Path, model: str) -> Workload:
    from aisbench.backends.registry import backend_named
    from aisbench.engine.plan import workload_options
    from aisbench.live.preparing import Preparing
    from aisbench.workload.build import build_workload

    options = workload_options(config, model)
    with contextlib.ExitStack() as stack:
        preparing = Preparing(stack, lambda line: say(line, err=True), bar=True)
        return build_workload(
            options, backend_named(config.backend), folder, stream=config.stream, progress=preparing.report
        )


def model_of(config: RunConfig) -> str:
    if config.model is not None:
        return config.model
    if not config.url:
        from aisbench.backends.registry import backend_named

        if (
            config.dataset != "file"
            and not config.lora_modules
            and "model" in backend_named(config.backend).field_names()
        ):
            raise BadInput(
                "every body names its model: give --model, or --url of a server that can be asked for its name"
            )
        return NO_MODEL
    from aisbench.engine.coordinator import Coordinator
    from aisbench.engine.target.urls import resolve

    asking = Coordinator(config, command=[], say=lambda line: None, tick=lambda _: None)
    return asking.model(resolve(config.url[0], asking.transport)).name


def planned(config: RunConfig, made: Workload) -> tuple[int, NDArray[np.int64] | None]:
    """How many requests a run of these options has, and when they (or conversations) are due.

    A run that goes on until its time is over is written as one round of its bodies.
    """
    from aisbench.engine.plan import make_plan

    plan = make_plan(config, made.prompts)
    whole = plan.limit >= 0 and made.prompts.conversations is None
    slots = plan.limit if whole else made.bodies.count
    return slots, plan.offsets_ns if plan.law is not None else None


@contextlib.contextmanager
def written(output: str) -> Iterator[IO[bytes]]:
    """The file to write; it takes its name when it is whole. Raises BadInput when it cannot be written."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with written_whole(Path(output).expanduser()) as file:
            yield file
    except OSError as problem:
        raise BadInput(f"--output {output} cannot be written: {problem.strerror}") from None
