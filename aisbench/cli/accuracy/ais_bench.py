"""`ais_bench`: measures several models on several data sets, with AISBench's flags and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aisbench.cli.accuracy.other_flags import SwitchersCommand
from aisbench.cli.load import command_line
from aisbench.cli.options.types import Listed
from aisbench.errors import BadInput
from aisbench.exit_codes import DONE
from aisbench.options.option import ListOf
from aisbench.records.claim import claimed
from aisbench.saying import say
from aisbench.studies.campaign.tasks import MODES, SUMMARIZERS, Asked

_NAMES = Listed(ListOf(str, many=True))


@click.command("ais_bench", cls=SwitchersCommand)
@click.argument("extra", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--models", type=_NAMES, default=(), metavar="NAMES", help="Presets, such as vllm_api_stream_chat."
)
@click.option(
    "--datasets", type=_NAMES, default=(), metavar="NAMES", help="Data sets, by our names or AISBench's."
)
@click.option("-m", "--mode", type=click.Choice(MODES), default="all", show_default=True, help="What to do.")
@click.option(
    "--summarizer", type=click.Choice(SUMMARIZERS), help="stable_stage: only figures of the stable stage."
)
@click.option(
    "--config-dir", metavar="DIR", help="Folder with your own presets (NAME.toml), which are looked up first."
)
@click.option("--dataset-path", metavar="PATH", help="File or folder with the data sets. Default: datasets.")
@click.option("--num-prompts", type=click.IntRange(1), metavar="N", help="Ask only the first N questions.")
@click.option(
    "--num-warmups", type=click.IntRange(0), metavar="N", help="Requests before each load, not measured."
)
@click.option(
    "--pressure",
    is_flag=True,
    help="Load at the full --concurrency for --pressure-time, whatever the data set's size.",
)
@click.option(
    "--pressure-time",
    default="15",
    show_default=True,
    metavar="TIME",
    help="How long --pressure lasts, such as 15 or 2m.",
)
@click.option(
    "--merge-ds", is_flag=True, help="Has no effect: a single run always asks all parts of a data set."
)
@click.option("--dump-eval-details", is_flag=True, help="Keep the extracted part of each answer.")
@click.option(
    "--dump-extract-rate", is_flag=True, help="Show the share of answers in which an answer was found."
)
@click.option(
    "-r",
    "--reuse",
    is_flag=False,
    flag_value="",
    metavar="[TIMESTAMP]",
    help="Continue in this folder, or in the newest.",
)
@click.option(
    "-w",
    "--work-dir",
    default="outputs/default",
    show_default=True,
    metavar="DIR",
    help="Folder in which each call gets its own folder.",
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
    help="Run tasks one after the other, and print their output instead of logging it.",
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
    """Measure several models on several data sets. Each pair is a task with its own log.

    \b
    ais_bench --models vllm_api_stream_chat --datasets gsm8k --dataset-path datasets
    ais_bench --models vllm_api_stream_chat --datasets synthetic_gen --mode perf --pressure --pressure-time 15
    ais_bench --models vllm_api_stream_chat --datasets gsm8k -- --url http://host:8000 --concurrency 64
    ais_bench --models vllm_api_stream_chat --datasets gsm8k --mode infer_judge -- --judge-url http://host:8001

    Options after -- go to the command of each task (aisbench eval, or aisbench load in the modes perf and perf_viz).
    Tasks on different servers run at the same time. If a task fails, its log is named and the others continue.
    """
    if extra and not extra[0].startswith("-"):
        raise BadInput(
            f"{extra[0]}: Python configurations are not supported; name presets with --models (TOML, --config-dir)"
        )
    # Slow imports wait until the options are known to be valid.
    from aisbench.studies.campaign.campaign import Campaign

    campaign = Campaign(Asked(**asked, extra=extra), summarizer, reuses=reuse is not None)
    if search:
        return campaign.search()
    if dry_run:
        for task in campaign.every_task(Path(work_dir) / (reuse or "TIMESTAMP")):
            say(task.shown)
        return DONE
    folder = campaign.folder_in(work_dir, reuse)
    with claimed(folder):
        return campaign.run(folder, most=max_num_workers, debug=debug, command=["ais_bench", *command_line()])
