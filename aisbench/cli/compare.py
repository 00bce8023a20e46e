"""`aisbench compare RUN RUN...`: compares the results of several runs, by aisbench or by other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from aisbench.cli.command import Command
from aisbench.errors import BadInput
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
    aisbench compare bf16=outputs/default/20260102_030405 int4=outputs/default/20260102_040506

    RUN is a run folder or another tool's result: vllm bench serve --save-result, sglang bench_serving's
    JSON lines, AIPerf's profile_export_aiperf.json, GuideLLM's benchmarks.json. Give repeated runs of the
    same thing as NAME=run,run,...

    Folders of `aisbench eval` and `ais_bench` are compared by the answers to each question: is the second model
    really worse?

    Two folders of `aisbench sweep` are compared point by point, with both frontiers in one plot.
    """
    from aisbench.records.folder import name_of_now
    from aisbench.studies.comparison.comparing import compare as compared
    from aisbench.studies.comparison.evaluations.comparing import compare_evaluations
    from aisbench.studies.comparison.evaluations.page import write_evaluations
    from aisbench.studies.comparison.evaluations.reading import names_evaluation, read_evaluations
    from aisbench.studies.comparison.evaluations.table import evaluations_text
    from aisbench.studies.comparison.page import write_comparison
    from aisbench.studies.comparison.readers.registry import read_groups
    from aisbench.studies.comparison.table import comparison_text
    from aisbench.studies.sweep.comparison import table as sweeps
    from aisbench.studies.sweep.comparison.comparing import compare_sweeps, names_sweep, read_sweeps
    from aisbench.studies.sweep.comparison.page import write_sweeps

    folder = output or Path("outputs") / name_of_now("comparison_")
    if any(map(names_evaluation, results)):
        evaluations = compare_evaluations(read_evaluations(list(results)), seed=seed)
        _write(lambda: write_evaluations(evaluations, folder), folder)
        say(evaluations_text(evaluations))
    elif any(map(names_sweep, results)):
        swept = compare_sweeps(read_sweeps(list(results)), margin=margin, seed=seed)
        _write(lambda: write_sweeps(swept, folder), folder)
        say(sweeps.comparison_text(swept))
    else:
        found = compared(read_groups(list(results)), margin=margin, seed=seed)
        _write(lambda: write_comparison(found, folder), folder)
        say(comparison_text(found))
    click.echo(f"\nwritten: {folder / 'comparison.html'}")
    return 0


def _write(write: Callable[[], None], folder: Path) -> None:
    try:
        write()
    except OSError as problem:
        raise BadInput(
            f"--output {folder} cannot be written ({problem.strerror}); give a folder that can be created"
        ) from None
