"""`aisbench compare RUN RUN...`: compares the results of several runs, by aisbench or by other tools."""

from __future__ import annotations

from pathlib import Path

import click

from aisbench.cli.command import Command
from aisbench.saying import say


@click.command(cls=Command)
@click.argument("results", metavar="RUN RUN...", nargs=-1, required=True)
@click.option(
    "--margin",
    type=click.FloatRange(0, 10, min_open=True),
    default=0.05,
    show_default=True,
    help="Relative difference up to which results count as equal.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the resampling.")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for comparison.json and comparison.html.  [default: outputs/comparison_YYYYmmdd_HHMMSS]",
)
def compare(results: tuple[str, ...], margin: float, seed: int, output: Path | None) -> int:
    """Compare results; the first one is the baseline.

    \b
    aisbench compare outputs/default/20260102_030405 vllm-result.json
    aisbench compare ours=RUN1,RUN2,RUN3 theirs=a.json,b.json,c.json --margin 0.03

    RUN is a run folder or another tool's result: vllm bench serve --save-result, sglang bench_serving's
    JSON lines, AIPerf's profile_export_aiperf.json, GuideLLM's benchmarks.json. Give repeated runs of the
    same thing as NAME=run,run,...
    """
    from aisbench.errors import BadInput
    from aisbench.records.folder import name_of_now
    from aisbench.studies.comparison.comparing import compare as compared
    from aisbench.studies.comparison.page import write_comparison
    from aisbench.studies.comparison.readers.registry import read_groups
    from aisbench.studies.comparison.table import comparison_text

    found = compared(read_groups(list(results)), margin=margin, seed=seed)
    folder = output or Path("outputs") / name_of_now("comparison_")
    try:
        write_comparison(found, folder)
    except OSError as problem:
        raise BadInput(
            f"--output {folder} cannot be written ({problem.strerror}); give a folder that can be created"
        ) from None
    say(comparison_text(found))
    click.echo(f"\nwritten: {folder / 'comparison.html'}")
    return 0
