"""`aisbench workload export` and `import`: write a workload to a file that anyone can repeat, or check one."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from aisbench.atomic import written_whole
from aisbench.cli.command import SETTINGS, Command, Group
from aisbench.cli.options.click_options import all_of
from aisbench.cli.options.run_options import RUN_OPTIONS, SECTIONS
from aisbench.config.vllm_meaning import run_config
from aisbench.errors import BadInput
from aisbench.workload.seeds import drawn_lines


@click.group(cls=Group, context_settings=SETTINGS)
def workload() -> None:
    """Write a workload to a file, or check one. `--dataset file` sends it."""


@workload.command(cls=Command, sections=SECTIONS)
@all_of(*RUN_OPTIONS)
@click.option("--output", metavar="FILE", required=True, help="File for the JSON lines; - is stdout.")
def export(output: str, **options: Any) -> int:
    """Write what `aisbench-load` with the same options would send: bodies, lengths, planned times.

    \b
    aisbench workload export --rate 10 --num-requests 500 --model M --output w.jsonl
    aisbench workload export --dataset trace --dataset-path trace.jsonl --model M --output w.jsonl

    Nothing is sent. Request bodies name the model: give --model, or the --url of a server that lists it.
    """
    config = run_config(options).expanded()
    config.check()
    from aisbench.engine.export import exported, make_workload, model_name
    from aisbench.live.preparing import preparing

    with tempfile.TemporaryDirectory(prefix="aisbench-") as folder:
        model = model_name(config)
        with preparing() as progress:
            made = make_workload(config, model, Path(folder), progress)
        requests, lines = exported(config, made)
        with written(output) as file:
            file.writelines(lines)
    for note in (*drawn_lines(options["seed"], config.seed, scenario=config.scenario), *made.notes):
        click.echo(note, err=True)
    if output != "-":
        click.echo(f"{requests} requests written to {output}")
    return 0


@workload.command("import", cls=Command)
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print the fingerprint as JSON.")
def import_(file: str, as_json: bool) -> int:
    """Check a file from `aisbench workload export` and print its fingerprint.

    \b
    aisbench workload import w.jsonl
    aisbench workload import w.jsonl --json > fingerprint.json
    """
    from aisbench.engine.export import NO_MODEL
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


@contextlib.contextmanager
def written(output: str) -> Iterator[IO[bytes]]:
    """Opens `output` for writing; - is stdout. A file gets its name only when it is complete.

    Raises BadInput if it cannot be written.
    """
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with written_whole(Path(output).expanduser()) as file:
            yield file
    except OSError as problem:
        raise BadInput(f"--output {output} cannot be written: {problem.strerror}") from None
