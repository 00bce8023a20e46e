"""`aisbench score`: scores outputs that a model has already produced."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from aisbench.cli.command import Command
from aisbench.cli.options.types import Choice

_KINDS = ("gsm8k", "choice", "math", "aime", "gpqa")


@click.command(cls=Command)
@click.argument("file", metavar="FILE.jsonl")
@click.option(
    "--kind", type=Choice(_KINDS), required=True, help="Kind of the answers: numbers, letters, mathematics."
)
@click.option(
    "--extraction",
    type=Choice(("own", "aisbench")),
    default="own",
    show_default=True,
    help="Rules to extract the answers with: our own, or aisbench's, which give the scores of AISBench 3.1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a row for each output instead of a table.")
def score(file: str, kind: str, extraction: str, as_json: bool) -> int:
    """Score existing outputs, one JSON object with "output" and "gold" per line; - reads standard input.

    \b
    aisbench score --kind gsm8k outputs.jsonl
    aisbench score --kind choice outputs.jsonl --json
    aisbench score --kind math outputs.jsonl --extraction aisbench
    """
    from aisbench.accuracy.answers import kinds
    from aisbench.accuracy.answers.aisbench import rules
    from aisbench.accuracy.question import Answer

    rule = rules.score if extraction == "aisbench" else kinds.score
    found = []
    for output, gold in list(_rows(file)):
        scored = rule(kind, Answer(output), gold)
        found.append(scored)
        if as_json:
            row = {
                "extracted": scored.extracted,
                "correct": scored.correct,
                "rule": scored.rule,
                "sure": scored.sure,
            }
            click.echo(json.dumps(row, ensure_ascii=False))
    if not as_json:
        many = len(found)
        right, none = sum(one.correct for one in found), sum(one.extracted is None for one in found)
        guessed = sum(not one.sure for one in found)
        click.echo(f"outputs              {many:>8}")
        click.echo(f"correct              {right:>8}  {right / many:.1%}")
        click.echo(f"without an answer    {none:>8}  {none / many:.1%}")
        click.echo(f"guessed              {guessed:>8}  {guessed / many:.1%}")
    return 0


def _rows(file: str) -> Iterator[tuple[str, str]]:
    """The output and the known answer of each line. Raises BadInput, naming the line, for a malformed one."""
    from aisbench.accuracy.files import text_of
    from aisbench.errors import BadInput

    name = "standard input" if file == "-" else file
    if file == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace").removeprefix("\ufeff")
    else:
        text = text_of(Path(file))
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise BadInput(f'{name} is empty; it should have a JSON object with "output" and "gold" on each line')
    for number, line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as problem:
            raise BadInput(f"{name}: line {number} is not JSON: {problem}") from None
        if not isinstance(row, dict):
            raise BadInput(f'{name}: line {number} is not an object with "output" and "gold"')
        if not isinstance(row.get("output"), str):
            raise BadInput(f'{name}: line {number} needs an "output" that is a string')
        gold = row.get("gold")
        if isinstance(gold, bool) or not isinstance(gold, str | int | float):
            raise BadInput(f'{name}: line {number} needs a "gold" that is a string or a number')
        yield row["output"], str(gold)
