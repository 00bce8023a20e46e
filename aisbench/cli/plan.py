"""`aisbench plan`: draws when a run would send its requests, without sending any."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from aisbench.cli.command import Command
from aisbench.cli.load import command_line
from aisbench.cli.options.click_options import all_of
from aisbench.cli.options.run_options import RUN_OPTIONS, SECTIONS
from aisbench.config.foreign.vllm_meaning import run_config
from aisbench.errors import BadInput
from aisbench.workload.seeds import drawn_lines


@click.command(cls=Command, sections=SECTIONS)
@all_of(*RUN_OPTIONS)
@click.option(
    "--output",
    metavar="FILE",
    default="plan.html",
    show_default=True,
    type=click.Path(path_type=Path),
    help="File for the page.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print only the plan's figures, as JSON, on stdout.",
)
def plan(output: Path, as_json: bool, **options: Any) -> int:
    """Draw when `aisbench-load` with the same options would send its requests: the exact plan of that run.

    \b
    aisbench plan --rate 20 --burstiness 0.5 --duration 5m
    aisbench plan --rate-sine 20,15,60s --duration 5m --output sine.html

    The page shows the rate over time with its moving average and the expected rate, and the distributions
    of rates and gaps. Nothing is sent.
    """
    config = run_config(options).expanded()
    config.check()
    from aisbench.engine.export import NO_MODEL, make_workload
    from aisbench.engine.plan import make_plan
    from aisbench.live.preparing import preparing
    from aisbench.studies.arrival_plan.measure import plan_facts, planned_gaps, planned_rate
    from aisbench.studies.arrival_plan.page import write_plan
    from aisbench.studies.arrival_plan.table import plan_text

    with tempfile.TemporaryDirectory(prefix="aisbench-") as folder:
        with preparing() as progress:
            workload = make_workload(config, config.model or NO_MODEL, Path(folder), progress)
        made = make_plan(config, workload.prompts)
    if made.law is None:
        raise BadInput(
            "a closed loop has no plan: each request is sent when another ends; give --rate, --ramp-up, --rate-steps, "
            "--rate-series, --rate-sine or --burst"
        )
    facts = plan_facts(made)
    command = ["aisbench", "plan", *command_line("plan")]
    try:
        write_plan(facts, planned_rate(made), planned_gaps(made), command, output)
    except OSError as problem:
        raise BadInput(
            f"--output {output} cannot be written ({problem.strerror}); give another file"
        ) from None
    for line in drawn_lines(options["seed"], config.seed, scenario=config.scenario):
        click.echo(line, err=True)
    click.echo(json.dumps(facts, indent=1) if as_json else f"{plan_text(facts)}\nwritten: {output}")
    return 0
