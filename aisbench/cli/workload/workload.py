"""`aisbench workload`: write a workload to a file that anyone can repeat, check, convert or describe one."""

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
from aisbench.cli.load import command_line
from aisbench.cli.options.click_options import all_of
from aisbench.cli.options.run_options import RUN_OPTIONS, SECTIONS
from aisbench.cli.workload.cache import cache
from aisbench.config.foreign.vllm_meaning import run_config
from aisbench.errors import BadInput
from aisbench.workload.seeds import drawn_lines

if TYPE_CHECKING:
    from aisbench.workload.sessions.contents import Contents


@click.group(cls=Group, context_settings=SETTINGS)
def workload() -> None:
    """Write a workload to a file; check, convert or describe one."""


workload.add_command(cache)


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
@click.option("-o", "--output", metavar="FILE", help="Write a session file here; - is stdout.")
@click.option("--format", "kind", metavar="NAME", help="Format of FILE. Default: by its first keys.")
def import_(file: str, as_json: bool, output: str | None, kind: str | None) -> int:
    """Check a file from `aisbench workload export`, or turn a file of another tool into a session file.

    \b
    aisbench workload import w.jsonl
    aisbench workload import w.jsonl --json > fingerprint.json
    aisbench workload import requests.jsonl --format workload_trace -o sessions.jsonl

    Without --output, FILE is one that was exported, and its fingerprint is printed. With --output, FILE is a log of
    request bodies, a file of spans, or any other that `aisbench workload describe` knows as sessions.
    """
    if output is not None:
        return _as_sessions(file, output, kind)
    if kind is not None:
        raise BadInput("--format is for files that become a session file: give --output, too")
    from aisbench.workload.arrivals.law import plan_fingerprint
    from aisbench.workload.datasets.recorded.exported import exported_for

    backend, streams = exported_for(Path(file))
    options = _options(file, "file", stream=streams)
    with tempfile.TemporaryDirectory(prefix="aisbench-") as folder:
        from aisbench.workload.build import build_workload
        from aisbench.workload.recipe import Recipe

        made = build_workload(Recipe(options, backend), Path(folder))
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


def _options(file: str, dataset: str, **given: Any) -> Any:
    from aisbench.engine.export import NO_MODEL
    from aisbench.workload.options import WorkloadOptions

    return WorkloadOptions(count=None, model=NO_MODEL, dataset=dataset, dataset_path=file, **given)


def _as_sessions(file: str, output: str, kind: str | None) -> int:
    from aisbench.workload.sessions.conversion.importing import imported
    from aisbench.workload.sessions.conversion.writing import row_of, secret_fields
    from aisbench.workload.sessions.formats.registry import NATIVE, format_named

    if output != "-" and Path(output).expanduser().resolve() == Path(file).expanduser().resolve():
        raise BadInput(f"--output {output} is the file to read; give another name")
    sessions, notes = imported(_options(file, NATIVE if kind is None else format_named(kind)))
    with written(output) as out:
        out.writelines(json.dumps(row_of(session)).encode() + b"\n" for session in sessions)
    if secret := sorted(set().union(*map(secret_fields, sessions))):
        notes.append(
            f"masked or left out, as they may be secrets: {', '.join(secret)}; give them with --extra-body"
        )
    for note in notes:
        click.echo(note, err=True)
    turns = sum(len(session.turns) for session in sessions)
    if output != "-":
        click.echo(f"{len(sessions):,} sessions with {turns:,} turns written to {output}")
    return 0


@workload.command(cls=Command)
@click.argument("file", metavar="FILE")
@click.option(
    "--format", "kind", metavar="NAME", help="Format of FILE, as for --dataset. Default: by its first keys."
)
@click.option("--tokenizer", metavar="NAME", help="Count tokens with it; without one, words are counted.")
@click.option(
    "--cache-tokens",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="For a trace with hash ids: the hits in a prefix cache of N tokens, too. Repeatable.",
)
@click.option(
    "--page",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also write a page with charts: rates, lengths, turns, pauses, hits by cache size.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def describe(
    file: str,
    kind: str | None,
    tokenizer: str | None,
    cache_tokens: tuple[int, ...],
    page: Path | None,
    as_json: bool,
) -> int:
    """Say what is in a file: sessions, turns, lengths, pauses, forks, times, shared prefixes.

    \b
    aisbench workload describe sessions.jsonl
    aisbench workload describe trace.jsonl --format trace --json
    aisbench workload describe trace.jsonl --cache-tokens 500000
    aisbench workload describe trace.jsonl --page trace.html

    FILE is any that `--dataset` can send. Nothing is sent.
    """
    from aisbench.backends.registry import backend_named
    from aisbench.report.text.workload import workload_lines
    from aisbench.report.workload.measure import MOST_BLOCKS
    from aisbench.workload.datasets.recorded.exported import exported_for
    from aisbench.workload.datasets.registry import dataset_named
    from aisbench.workload.sessions.contents import contents_of
    from aisbench.workload.sessions.describing import facts_of
    from aisbench.workload.sessions.formats.registry import data_set_of

    name = data_set_of(Path(file).expanduser()) if kind is None else kind
    dataset = dataset_named(name)
    backend = backend_named("openai-chat")
    streams = True
    if name == "file":
        backend, streams = exported_for(Path(file))
    options = _options(file, name, stream=streams, tokenizer=tokenizer)
    contents = contents_of(dataset.make(options, backend), MOST_BLOCKS if page else 0)
    facts = {"file": file, "format": name, **facts_of(contents, cache_tokens)}
    click.echo(json.dumps(facts, indent=2) if as_json else "\n".join(workload_lines(facts)))
    if page is not None:
        _write_page(page, facts, contents)
        click.echo(f"written: {page}", err=as_json)
    return 0


def _write_page(path: Path, facts: dict[str, Any], contents: Contents) -> None:
    from aisbench.report.workload.page import write_workload_page

    command = ["aisbench", "workload", *command_line("workload")]
    try:
        write_workload_page(facts, contents, command, path)
    except OSError as problem:
        raise BadInput(f"--page {path} cannot be written ({problem.strerror}); give another file") from None


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
