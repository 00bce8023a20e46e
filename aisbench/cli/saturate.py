"""`aisbench saturate`: the highest load that a server carries and still meets an SLO."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from aisbench.cli.command import Command
from aisbench.cli.load import command_line
from aisbench.cli.options.click_options import all_of, chosen
from aisbench.cli.options.run_options import (
    OUTPUT_OPTIONS,
    SECTIONS,
    STREAM_OPTIONS,
    TARGET_OPTIONS,
    TRAFFIC_OPTIONS,
    VLLM_OPTIONS,
    WORKLOAD_OPTIONS,
)
from aisbench.cli.options.types import CONFIG_OPTIONS, Choice, Duration, Listed
from aisbench.cli.options.vllm_meaning import run_config
from aisbench.config.run_config import SECRET_FIELDS, RunConfig, listed
from aisbench.config.vllm_flags import VllmFlags
from aisbench.errors import BadInput
from aisbench.masking import MASK
from aisbench.options.checks import above
from aisbench.options.option import declared
from aisbench.saying import say
from aisbench.studies.saturation.folder import SearchFolder
from aisbench.studies.saturation.settings import OVER, Settings
from aisbench.workload.seeds import drawn_lines

TRAFFIC = ("burstiness", "arrival", "concurrency", "warmup", "workers", "grace_s", "seed", "connect_rate")
OUTPUT = ("stream", "max_chunk_size", "ttft_at", "work_dir", "label", "metadata", "strict", "reader_rest_ms")
# What says what is asked, and of whom.
VLLM = ("chat_template_kwargs", *(one.name for one in declared(VllmFlags)))
SEARCH = ("over", "slo", "start", "most", "step_s", "tolerance", "repeats", "budget_s", "sweep", "resume")
# What may be given anew when a search goes on.
RENEWED = ("resume", "budget_s", "repeats", "tolerance", "api_key", *SECRET_FIELDS)


@click.command(cls=Command, sections=(("Search", SEARCH), *SECTIONS))
@click.option(
    "--over",
    default=Settings.over,
    show_default=True,
    type=Choice(OVER),
    help="rate (requests/s, open loop) or concurrency (requests in flight, closed loop).",
)
@click.option(
    "--slo",
    default=Settings.slo,
    show_default=True,
    metavar="BOUNDS",
    help="What a load has to meet: 'ttft_p99<500 tpot_p99<50 error_rate<0.01'; with --over rate also a steady queue.",
)
@click.option("--start", type=float, metavar="LOAD", help="First load; found by itself otherwise.")
@click.option("--max", "most", type=float, metavar="LOAD", help="No load above it.")
@click.option(
    "--step",
    "step_s",
    type=Duration(),
    metavar="TIME",
    help="Seconds for each load, the second half measured; from the E2EL otherwise.",
)
@click.option(
    "--tolerance",
    type=float,
    default=Settings.tolerance,
    show_default=True,
    help="How close, relative, the loads that pass and fail have to be.",
)
@click.option(
    "--repeats",
    type=int,
    default=Settings.repeats,
    show_default=True,
    metavar="N",
    help="Most runs at one load, where chance may have decided.",
)
@click.option(
    "--budget", "budget_s", type=Duration(), metavar="TIME", help="Seconds that the search may take."
)
@click.option(
    "--sweep",
    type=Listed(float),
    default=(),
    show_default=False,
    metavar="LOAD,...",
    help="Measure exactly these loads, each --repeats times.",
)
@click.option(
    "--resume",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Go on with the search in this folder, with its settings.",
)
@all_of(
    CONFIG_OPTIONS,
    TARGET_OPTIONS,
    chosen(TRAFFIC, TRAFFIC_OPTIONS),
    WORKLOAD_OPTIONS,
    chosen(OUTPUT, (*STREAM_OPTIONS, *OUTPUT_OPTIONS)),
    chosen(VLLM, VLLM_OPTIONS),
)
@click.pass_context
def saturate(
    ctx: click.Context,
    /,
    over: str,
    slo: str,
    start: float | None,
    most: float | None,
    step_s: float | None,
    tolerance: float,
    repeats: int,
    budget_s: float | None,
    sweep: tuple[float, ...],
    resume: Path | None,
    **options: Any,
) -> int:
    """Find the highest load that a server carries and still meets an SLO.

    \b
    aisbench saturate --url http://host:8000 --slo 'ttft_p99<500 error_rate<0.01'
    aisbench saturate --url http://host:8000 --over concurrency --budget 30m
    aisbench saturate --url http://host:8000 --sweep 10,20,40 --step 60s

    Doubles the load until it fails, then closes in between. Each load is a run of its own, with all its
    reports, in the search's folder; saturation.json there holds the answer and the curve.
    """
    if budget_s is not None:
        above(0, "seconds", infinite=True)("--budget", budget_s)
    settings = Settings(
        over=over,
        slo=slo,
        start=start,
        most=most,
        step_s=step_s,
        tolerance=tolerance,
        repeats=repeats,
        sweep=sweep,
    )
    if resume is not None:
        folder = resumed(ctx, resume, settings, options)
    else:
        config = run_config(options).expanded()
        check(settings, config)
        command = ["aisbench", "saturate", *command_line("saturate")]
        folder = SearchFolder.create(config, settings, command)
        for line in drawn_lines(options["seed"], config.seed):
            say(line, err=True)
    # Everything heavy is imported after the options are known to be good.
    from aisbench.studies.saturation.measure import saturate_and_report

    return saturate_and_report(folder, budget_s=budget_s, say=say)


def check(settings: Settings, config: RunConfig) -> None:
    """Raises BadInput for what makes no search."""
    settings.check()
    config_of_a_step = replace(config, rate=1.0) if settings.is_open_loop else config
    config_of_a_step.check()
    if not settings.is_open_loop and config.concurrency is not None:
        raise BadInput(
            "--over concurrency sets it by itself; leave --concurrency out, or bound it with --max"
        )
    if settings.needs_streams and not config.stream:
        raise BadInput("--slo: TTFT and TPOT need streamed answers; leave --no-stream out or bound e2el")


def resumed(ctx: click.Context, path: Path, given: Settings, options: dict[str, Any]) -> SearchFolder:
    """The search in `path`, with what of its settings may be given anew; raises BadInput for anything else."""
    source = click.core.ParameterSource
    typed = {
        p.name for p in ctx.command.params if ctx.get_parameter_source(str(p.name)) is source.COMMANDLINE
    }
    for parameter in ctx.command.params:
        if parameter.name in typed and parameter.name not in RENEWED:
            raise BadInput(
                f"--resume goes on with the settings of {path}; leave {parameter.opts[0]} out "
                "(--budget, --repeats, --tolerance, and what holds secrets, such as --api-key and --header, may be given again)"
            )
    folder = SearchFolder.load(path, options["api_key"])
    # What the folder holds masked may come from the environment again; what it holds whole may not change unasked.
    masked = {
        name for name in SECRET_FIELDS if any(MASK in text for text in listed(getattr(folder.config, name)))
    }
    secrets = {
        name: options[name] for name in SECRET_FIELDS if name in typed or (name in masked and options[name])
    }
    folder.config = replace(folder.config, **secrets)
    anew = {name: getattr(given, name) for name in ("repeats", "tolerance") if name in typed}
    folder.settings = replace(folder.settings, **anew)
    check(folder.settings, folder.config)
    return folder
