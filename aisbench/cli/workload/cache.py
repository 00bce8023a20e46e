"""`aisbench workload cache`: shows and deletes the prompts that earlier runs kept."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import click

from aisbench.cli.command import SETTINGS, Command, Group
from aisbench.errors import CannotRun
from aisbench.printable import printable

_MB = 1e6


@click.group(cls=Group, context_settings=SETTINGS)
def cache() -> None:
    """Show or delete the prompts that earlier runs kept."""


@cache.command("list", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_(as_json: bool) -> None:
    """List the kept workloads, the one used last first: data set, requests, size, last use.

    \b
    aisbench workload cache list
    aisbench workload cache list --json
    """
    from aisbench.engine.workload_cache import workload_cache

    kept = workload_cache()
    entries = kept.entries()
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used_s))
        click.echo(
            f"{used}  {entry.bytes / _MB:10,.1f} MB  {entry.requests:9,} requests  {printable(entry.dataset)}"
        )
    total = sum(entry.bytes for entry in entries)
    click.echo(
        f"{len(entries)} workloads, {total / _MB:,.1f} MB of at most {kept.most_bytes / _MB:,.0f} MB, in {kept.folder}"
    )


@cache.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print what was deleted as JSON.")
def clear(as_json: bool) -> None:
    """Delete all kept workloads. Runs keep their own files.

    \b
    aisbench workload cache clear
    aisbench workload cache clear --json
    """
    from aisbench.engine.workload_cache import workload_cache

    kept = workload_cache()
    try:
        gone = kept.clear()
    except OSError as problem:
        raise CannotRun(
            f"{kept.folder} cannot be emptied: {problem.strerror or problem}; wait until no other run prepares its "
            "prompts, or delete the folder"
        ) from None
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in gone], indent=2))
        return
    click.echo(
        f"{len(gone)} workloads deleted, {sum(entry.bytes for entry in gone) / _MB:,.1f} MB, from {kept.folder}"
    )
