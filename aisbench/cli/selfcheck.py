"""`aisbench selfcheck`: measures how much load this host can generate, and how accurate its figures are."""

from __future__ import annotations

import click

from aisbench.cli.command import Command


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print only the result, as JSON, on stdout.")
def selfcheck(as_json: bool) -> int:
    """Measure this host's roofline as a client, in under 30 seconds.

    \b
    aisbench selfcheck
    aisbench selfcheck --json > selfcheck.json

    One worker loads a built-in referee, which knows its true latencies, in three ways. The worker's figures
    are compared with the truth, and its cost is kept in the user's cache. Each later run on this host then
    says what share of its client's capacity was used.
    """
    from aisbench.studies.selfcheck.measure import check_and_report

    return check_and_report(as_json=as_json)
