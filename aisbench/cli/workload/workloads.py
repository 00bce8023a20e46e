"""`aisbench workloads`: lists the data sets that `--dataset` accepts."""

from __future__ import annotations

import textwrap

import click

from aisbench.cli.command import Command
from aisbench.errors import BadInput

_WIDTH = 100


@click.command(cls=Command)
def workloads() -> None:
    """List the data sets that --dataset accepts, and the options that each takes besides the common ones."""
    from aisbench import plugins
    from aisbench.workload.datasets.registry import DATASETS, dataset_named

    shown: dict[int, str] = {}
    others = [name for name in plugins.names(plugins.DATASETS) if name not in DATASETS]
    for name in (*DATASETS, *others):
        click.echo(name)
        try:
            dataset = dataset_named(name)
        except BadInput as problem:
            click.echo(f"    {problem}")
            continue
        if id(dataset) in shown:
            click.echo(f"    another name for {shown[id(dataset)]}")
            continue
        shown[id(dataset)] = name
        for line in (dataset.about, " ".join(dataset.options)):
            click.echo(textwrap.fill(line, _WIDTH, initial_indent="    ", subsequent_indent="    "))
    click.echo(
        "\nAll take --num-requests --seed --tokenizer --extra-body --temperature --ignore-eos --system-prompt "
        "--lora-modules\n--lora-assignment, where they apply; see docs/workloads.md."
    )
