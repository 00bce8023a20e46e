"""`aisbench load`, also installed as `aisbench-load`: puts load on a server and reports what happened."""

from __future__ import annotations

import sys
from typing import Any

import click

from aisbench.analysis.verdict.gates import parse_gates
from aisbench.cli.command import Command
from aisbench.cli.options.click_options import all_of
from aisbench.cli.options.run_options import RUN_OPTIONS, SECTIONS
from aisbench.cli.options.search import lines_of
from aisbench.cli.options.types import HostPort
from aisbench.config.foreign.vllm_meaning import run_config
from aisbench.exit_codes import DONE
from aisbench.masking.masking import masked_command
from aisbench.saying import say
from aisbench.workload.seeds import drawn_lines


@click.command(cls=Command, sections=SECTIONS)
@all_of(*RUN_OPTIONS)
@click.option(
    "--search",
    is_flag=True,
    help="Print the files that would be read, and each option with its value and origin; send nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print only summary.json on stdout.")
@click.option("--no-progress", "--disable-tqdm", "no_progress", is_flag=True, help="Show no live view.")
@click.option(
    "--live-port",
    type=HostPort(),
    metavar="[HOST:]PORT",
    help="Serve the live view as a web page, and /metrics for Prometheus, on this port; 0 picks a free one.",
)
@click.option(
    "--upload",
    metavar="URL",
    help="Copy the run's folder there at the end: s3://BUCKET/FOLDER, gs://, file:///FOLDER (docs/export.md).",
)
@click.option(
    "--otlp-endpoint",
    metavar="URL",
    help="Send the live figures there by OTLP over HTTP, every five seconds and at the end (docs/export.md).",
)
@click.pass_context
def load(
    ctx: click.Context,
    /,
    search: bool,
    as_json: bool,
    no_progress: bool,
    live_port: tuple[str, int] | None,
    upload: str | None,
    otlp_endpoint: str | None,
    **options: Any,
) -> int:
    """Put load on an inference server and report what happened.

    \b
    aisbench-load --url http://host:8000 --concurrency 256 --num-requests 2560
    aisbench-load --url http://host:8000 --rate 20 --duration 5m --goodput ttft:500 tpot:50
    aisbench-load --config run.yaml --rate 40

    --rate sends requests according to a plan (open loop), --concurrency limits the requests in flight; give
    either or both. The run folder holds report.html, summary.json, vllm.json and the records. Every option
    can also be set in the --config file or in the environment (AISBENCH_RATE=20). The command line overrides
    the environment, which overrides the file.
    """
    config = run_config(options).expanded()
    config.check()
    parse_gates(config.fail_on)
    if search:
        for line in (
            *lines_of(ctx),
            *([f"data set file {config.dataset_path}"] if config.dataset_path else []),
        ):
            say(line)
        return DONE
    # Slow imports wait until the options are known to be valid.
    from aisbench.studies.single_run import run_and_report

    command = ["aisbench-load", *command_line()]
    return run_and_report(
        config,
        command=command,
        as_json=as_json,
        live=not no_progress,
        live_port=live_port,
        opening=drawn_lines(options["seed"], config.seed, scenario=config.scenario),
        upload=upload,
        otlp_endpoint=otlp_endpoint,
    )


def command_line(command: str = "load") -> list[str]:
    """The options as the user typed them after `command`, without secrets."""
    args = sys.argv[1:]
    if args[:1] == [command]:
        args = args[1:]
    return masked_command(args)
