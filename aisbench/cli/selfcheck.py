"""`aisbench selfcheck`: what this host can carry as a client, and how true its figures are."""

from __future__ import annotations

import click

from aisbench.cli.command import Command


@click.command(cls=Command)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON on stdout, and nothing else there."
)
def selfcheck(as_json: bool) -> int:
    """Measure this host's roofline as a client, in under 30 seconds.

    \b
    aisbench selfcheck
    aisbench selfcheck --json > selfcheck.json

    A built-in referee, which knows its own latencies, is loaded in three ways by one worker; what the worker
    reports is compared with the truth, and what it cost is kept in the user's cache. Each later run on
    this host then says what share of its client's capacity was used.
    """
    from aisbench.studies.selfcheck.measure import check_and_report

    return check_and_report(as_json=as_json)
