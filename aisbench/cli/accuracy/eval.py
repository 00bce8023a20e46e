"""`aisbench eval`: measures the accuracy of a served model on tasks with known answers."""

from __future__ import annotations

from typing import Any

import click

from aisbench.cli.command import Command
from aisbench.cli.load import command_line
from aisbench.cli.options.click_options import all_of, chosen, click_options
from aisbench.cli.options.config_file import CONFIG_OPTIONS
from aisbench.cli.options.presets import PRESET_OPTIONS
from aisbench.cli.options.run_options import (
    OUTPUT_OPTIONS,
    SECTIONS,
    STREAM_OPTIONS,
    TARGET_OPTIONS,
    TRAFFIC_OPTIONS,
    WORKLOAD_OPTIONS,
)
from aisbench.cli.options.search import lines_of
from aisbench.config import cluster
from aisbench.config.foreign.vllm_meaning import run_config
from aisbench.errors import BadInput
from aisbench.exit_codes import DONE
from aisbench.options.option import declared
from aisbench.saying import say
from aisbench.studies.evaluation.settings import SECTION, Settings

_TRAFFIC = (
    "rate",
    "burstiness",
    "arrival",
    "ramp_up",
    "ramp_from",
    "ramp_to",
    "concurrency",
    "workers",
    "seed",
    "grace_s",
    *cluster.FIELDS,
)
_WORKLOAD = (
    "output_len",
    "temperature",
    "extra_body",
    "system_prompt",
    "omit_field",
    "ignore_eos",
    "tokenizer",
    "trust_remote_code",
)
_OUTPUT = ("stream", "max_chunk_size", "work_dir", "label", "metadata")
# Defaults that differ from those of a load.
_DEFAULTS = {"backend": "openai-chat", "temperature": 0.0}
_SETTINGS = tuple(one.name for one in declared(Settings))


@click.command("eval", cls=Command, sections=((SECTION, (*_SETTINGS, "reuse")), *SECTIONS))
@all_of(click_options(declared(Settings)))
@click.option(
    "--reuse",
    is_flag=False,
    flag_value="",
    metavar="[TIMESTAMP]",
    help="Continue the evaluation in this folder of --work-dir, or the newest: ask only what has no answer yet.",
)
@click.option(
    "--search",
    is_flag=True,
    help="Print the files that would be read, and each option with its value and origin; send nothing.",
)
@click.option("--into", hidden=True, metavar="DIR", help="Folder that several evaluations share (ais_bench).")
@click.option("--no-progress", is_flag=True, help="Show no live view.")
@all_of(
    CONFIG_OPTIONS,
    PRESET_OPTIONS,
    TARGET_OPTIONS,
    chosen(_TRAFFIC, TRAFFIC_OPTIONS),
    chosen(_WORKLOAD, WORKLOAD_OPTIONS),
    chosen(_OUTPUT, (*STREAM_OPTIONS, *OUTPUT_OPTIONS)),
)
@click.pass_context
def evaluate(
    ctx: click.Context,
    /,
    reuse: str | None,
    search: bool,
    into: str | None,
    no_progress: bool,
    **options: Any,
) -> int:
    """Measure the accuracy of a served model on tasks with known answers.

    \b
    aisbench eval --url http://host:8000 --datasets gsm8k --dataset-path datasets --concurrency 64
    aisbench eval --url http://host:8000 --datasets gsm8k --reuse
    aisbench eval --models vllm_api_stream_chat --url http://host:8000 --datasets gsm8k
    aisbench eval --url http://host:8000 --datasets lm-eval:gsm8k --num-prompts 100
    aisbench eval --mode eval --datasets gsm8k --reuse 20261126_140000 --dump-eval-details
    aisbench eval --mode judge --datasets gsm8k --reuse --judge-url http://host:8001 --judge-model NAME

    Questions go to v1/chat/completions unless --backend names another API. An API without messages gets each question
    as one text. The temperature is 0 unless --temperature is given. The evaluation's folder holds the answers, the
    scores and the summary.
    """
    settings = Settings(**{name: options.pop(name) for name in _SETTINGS})
    unsaid = click.core.ParameterSource.DEFAULT
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is not unsaid}
    options |= {name: value for name, value in _DEFAULTS.items() if name not in given}
    _check_judge(ctx, settings)
    config = run_config(options).expanded()
    if search:
        config.check()
        return _search(ctx, settings)
    # Slow imports wait until the options are known to be valid.
    from aisbench.studies.evaluation.evaluate import evaluate as carried_out

    command = ["aisbench", "eval", *command_line("eval")]
    return carried_out(
        config, settings, command=command, reuse=reuse, live=not no_progress, into=into, given=given
    )


def _check_judge(ctx: click.Context, settings: Settings) -> None:
    """Raises BadInput for a judge on the command line in a mode that asks none."""
    if settings.judges or settings.mode == "all":
        return
    for param in ctx.command.params:
        name = str(param.name)
        if (
            name.startswith("judge_")
            and ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ):
            raise BadInput(
                f"{param.opts[0]} has no effect with --mode {settings.mode}; give --mode judge to score answers that exist"
            )


def _search(ctx: click.Context, settings: Settings) -> int:
    from aisbench.studies.evaluation.data_sets import files_read

    for line in (*lines_of(ctx, _DEFAULTS), *(f"data set file {path}" for path in files_read(settings))):
        say(line)
    if settings.judges and settings.judge_prompt is not None:
        say(f"judge prompt file {settings.judge_prompt}")
    return DONE
