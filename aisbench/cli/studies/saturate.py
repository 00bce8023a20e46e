"""`aisbench saturate`: finds the highest load at which a server still meets an SLO."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from aisbench.cli.command import Command
from aisbench.cli.load import command_line
from aisbench.cli.options.click_options import all_of, chosen, click_options
from aisbench.cli.options.config_file import CONFIG_OPTIONS
from aisbench.cli.options.run_options import (
    OUTPUT_OPTIONS,
    SECTIONS,
    STREAM_OPTIONS,
    TARGET_OPTIONS,
    TRAFFIC_OPTIONS,
    VLLM_OPTIONS,
    WORKLOAD_OPTIONS,
)
from aisbench.cli.options.types import Duration
from aisbench.config import cluster
from aisbench.config.foreign.vllm_flags import VllmFlags
from aisbench.config.foreign.vllm_meaning import run_config
from aisbench.options.checks import above
from aisbench.options.option import declared
from aisbench.records.claim import claimed
from aisbench.saying import say
from aisbench.studies.saturation.folder import SearchFolder
from aisbench.studies.saturation.resuming import check_search, resumed
from aisbench.studies.saturation.settings import SECTION, Settings
from aisbench.workload.seeds import drawn_lines

_TRAFFIC = (
    *("burstiness", "arrival", "concurrency", "warmup", "workers", "reader"),
    *("grace_s", "seed", "connect_rate"),
    *cluster.FIELDS,
)
_OUTPUT = (
    "stream",
    "score",
    "max_chunk_size",
    "ttft_at",
    "work_dir",
    "workload_cache",
    "label",
    "metadata",
    "strict",
    "reader_rest_ms",
)
# vLLM's flags that change the requests or the server they go to.
_VLLM = ("chat_template_kwargs", *(one.name for one in declared(VllmFlags)))
SETTINGS = tuple(one.name for one in declared(Settings))


@click.command(cls=Command, sections=((SECTION, (*SETTINGS, "budget_s", "resume")), *SECTIONS))
@all_of(click_options(declared(Settings)))
@click.option(
    "--budget", "budget_s", type=Duration(), metavar="TIME", help="Time limit of the search, in seconds."
)
@click.option(
    "--resume",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Continue the search in this folder, with its settings.",
)
@all_of(
    CONFIG_OPTIONS,
    TARGET_OPTIONS,
    chosen(_TRAFFIC, TRAFFIC_OPTIONS),
    WORKLOAD_OPTIONS,
    chosen(_OUTPUT, (*STREAM_OPTIONS, *OUTPUT_OPTIONS)),
    chosen(_VLLM, VLLM_OPTIONS),
)
@click.pass_context
def saturate(ctx: click.Context, /, budget_s: float | None, resume: Path | None, **options: Any) -> int:
    """Find the highest load at which a server still meets an SLO.

    \b
    aisbench saturate --url http://host:8000 --slo 'ttft_p99<500 error_rate<0.01'
    aisbench saturate --url http://host:8000 --over concurrency --budget 30m
    aisbench saturate --url http://host:8000 --sweep 10,20,40 --step 60s
    aisbench saturate --url http://host:8000 --backend openai-chat --dataset gsm8k --dataset-path DIR --score --slo 'ttft_p99<500 accuracy>0.70'

    Doubles the load until the SLO fails, then narrows the range down. Each load is a separate run with all
    its reports in the search's folder. saturation.json there has the answer and the curve.

    With --score, the temperature is 0 unless --temperature says otherwise, and the answers at each load are also
    compared with the answers to the same questions asked one at a time.
    """
    if budget_s is not None:
        above(0, "seconds", infinite=True)("--budget", budget_s)
    settings = Settings(**{name: options.pop(name) for name in SETTINGS})
    if resume is not None:
        ctx.with_resource(claimed(resume))
        folder = resumed(resume, settings, options, _typed(ctx))
    else:
        config = run_config(options).expanded()
        if config.score and config.temperature is None:
            config = replace(config, temperature=0.0)
        if config.score and config.question_seed is None:
            # The files have the questions by subject, and a short step asks only the first ones.
            config = replace(config, question_seed=config.seed)
        check_search(settings, config)
        folder = SearchFolder.create(config, settings, ["aisbench", "saturate", *command_line("saturate")])
        ctx.with_resource(claimed(folder.path))
        for line in drawn_lines(options["seed"], config.seed, scenario=config.scenario):
            say(line, err=True)
    # Slow imports wait until the options are known to be valid.
    from aisbench.studies.saturation.measure import saturate_and_report

    return saturate_and_report(folder, budget_s=budget_s, say=say)


def _typed(ctx: click.Context) -> dict[str, str]:
    """The flags of the options given on the command line, by parameter name."""
    source = click.core.ParameterSource.COMMANDLINE
    return {
        str(one.name): one.opts[0]
        for one in ctx.command.params
        if ctx.get_parameter_source(str(one.name)) is source
    }
