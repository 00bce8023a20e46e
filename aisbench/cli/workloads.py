"""`aisbench workloads`: lists the data sets that `--dataset` accepts."""

from __future__ import annotations

import textwrap

import click

from aisbench.cli.command import Command

_WIDTH = 100


@click.command(cls=Command)
def workloads() -> None:
    """List the data sets that --dataset accepts, and the options that each takes besides the common ones."""
    from aisbench.workload.datasets.registry import DATASETS

    shown: dict[int, str] = {}
    for name, dataset in DATASETS.items():
        click.echo(name)
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
