"""`ais_bench`: several models on several data sets, with AISBench's flags and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aisbench.cli.command import Command
from aisbench.cli.load import command_line
from aisbench.cli.options.types import Listed
from aisbench.errors import BadInput
from aisbench.exit_codes import DONE
from aisbench.options.option import ListOf
from aisbench.saying import say
from aisbench.studies.campaign.tasks import MODES, SUMMARIZERS, Asked

_NAMES = Listed(ListOf(str, many=True))


@click.command("ais_bench", cls=Command)
@click.argument("extra", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--models", type=_NAMES, default=(), metavar="NAMES", help="Presets, such as vllm_api_stream_chat."
)
@click.option(
    "--datasets", type=_NAMES, default=(), metavar="NAMES", help="Data sets, by our names or AISBench's."
)
@click.option(
    "-m", "--mode", type=click.Choice(MODES), default="all", show_default=True, help="What is done."
)
@click.option(
    "--summarizer", type=click.Choice(SUMMARIZERS), help="stable_stage: figures of the stable stage alone."
)
@click.option(
    "--config-dir", metavar="DIR", help="Folder with presets of your own (NAME.toml), which come first."
)
@click.option("--dataset-path", metavar="PATH", help="File or folder with the data sets. Default: datasets.")
@click.option("--num-prompts", type=click.IntRange(1), metavar="N", help="Ask only the first N questions.")
@click.option(
    "--num-warmups", type=click.IntRange(0), metavar="N", help="Requests before each load, not measured."
)
@click.option(
    "--pressure",
    is_flag=True,
    help="Load at the full --concurrency for a time, whatever the data set's size.",
)
@click.option(
    "--pressure-time",
    default="15",
    show_default=True,
    metavar="TIME",
    help="How long --pressure lasts, such as 15 or 2m.",
)
@click.option(
    "--merge-ds", is_flag=True, help="Accepted: the parts of a data set are always asked in one run."
)
@click.option("--dump-eval-details", is_flag=True, help="Keep what was extracted from each answer.")
@click.option(
    "--dump-extract-rate", is_flag=True, help="Show the share of answers in which an answer was found."
)
@click.option(
    "-r",
    "--reuse",
    is_flag=False,
    flag_value="",
    metavar="[TIMESTAMP]",
    help="Go on in this folder, or the newest.",
)
@click.option(
    "-w",
    "--work-dir",
    default="outputs/default",
    show_default=True,
    metavar="DIR",
    help="Where folders are made.",
)
@click.option(
    "--max-num-workers",
    type=click.IntRange(1),
    metavar="N",
    help="Tasks at a time. Default: one for each server.",
)
@click.option(
    "--debug",
    is_flag=True,
    help="Run tasks one after the other, and print what they say instead of logging it.",
)
@click.option("--dry-run", is_flag=True, help="Print the command of each task; run none.")
@click.option(
    "-s",
    "--search",
    is_flag=True,
    help="Print the files that would be read, and each option's value; send nothing.",
)
def ais_bench(
    *,
    extra: tuple[str, ...],
    summarizer: str | None,
    reuse: str | None,
    work_dir: str,
    max_num_workers: int | None,
    debug: bool,
    dry_run: bool,
    search: bool,
    **asked: Any,
) -> int:
    """Measure several models on several data sets: each with each is a task with its own log.

    \b
    ais_bench --models vllm_api_stream_chat --datasets gsm8k --dataset-path datasets
    ais_bench --models vllm_api_stream_chat --datasets synthetic_gen --mode perf --pressure --pressure-time 15
    ais_bench --models vllm_api_stream_chat --datasets gsm8k -- --url http://host:8000 --concurrency 64

    Options after -- go to the command of each task (aisbench eval, or aisbench load in the modes perf and perf_viz).
    Tasks of different servers run side by side. A task that fails names its log, and the others go on.
    """
    if extra and not extra[0].startswith("-"):
        raise BadInput(
            f"{extra[0]}: configurations in Python are not read; name presets with --models (TOML, --config-dir)"
        )
    # Everything heavy is imported after the options are known to be good.
    from aisbench.studies.campaign.campaign import Campaign

    campaign = Campaign(Asked(**asked, extra=extra), summarizer)
    if search:
        return campaign.search()
    if dry_run:
        for task in campaign.every_task(Path(work_dir) / (reuse or "TIMESTAMP")):
            say(task.shown)
        return DONE
    folder = campaign.folder_in(work_dir, reuse)
    return campaign.run(folder, most=max_num_workers, debug=debug, command=["ais_bench", *command_line()])
