"""`aisbench datasets`: lists the data sets with known answers, and the files that each is read from."""

from __future__ import annotations

import textwrap

import click

from aisbench.cli.command import Command

_WIDTH = 100


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[NAME]...")
def datasets(names: tuple[str, ...]) -> None:
    """List the data sets that an evaluation accepts: what each tests, and the files that it is read from.

    \b
    aisbench datasets
    aisbench datasets mmlu ceval
    """
    from aisbench.accuracy.tasks.registry import NAMES, task_named

    for task in [task_named(name) for name in names or NAMES]:
        click.echo(task.name)
        _say(task.about, "    ", "    ")
        for layout in task.files:
            _say(layout, "    - ", "      ")
    click.echo(
        "\nPut the folders into one folder and pass it to --dataset-path, or pass a single data set's folder or file."
    )


def _say(text: str, first: str, others: str) -> None:
    click.echo(
        textwrap.fill(
            text,
            _WIDTH,
            initial_indent=first,
            subsequent_indent=others,
            break_on_hyphens=False,
            break_long_words=False,
        )
    )
