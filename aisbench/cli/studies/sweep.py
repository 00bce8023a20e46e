"""`aisbench sweep`: runs a load at every point of a grid of options."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from aisbench.cli.command import Command
from aisbench.cli.load import command_line
from aisbench.cli.options.click_options import all_of, click_options
from aisbench.cli.options.run_options import RUN_OPTIONS, SECTIONS
from aisbench.cli.options.types import Duration
from aisbench.cli.studies.axes import points_of
from aisbench.errors import BadInput
from aisbench.exit_codes import DONE
from aisbench.masking.masking import masked_text
from aisbench.options.checks import above
from aisbench.options.option import check_values, declared
from aisbench.records.claim import claimed
from aisbench.saying import say
from aisbench.studies.many_runs.resuming import check_given_again, with_secrets
from aisbench.studies.slo.terms import check_measured
from aisbench.studies.sweep.folder import SweepFolder
from aisbench.studies.sweep.points import Point
from aisbench.studies.sweep.settings import SECTION, Settings
from aisbench.workload.seeds import AUTO

SETTINGS = tuple(one.name for one in declared(Settings))
_OWN = (*SETTINGS, "budget_s", "resume", "dry_run")
# Options of a sweep that may be given again when it is resumed.
_RENEWED = ("runs", "slo", "dry_run")
# They are about one run: its result file and the pages next to that, its printed table, its exit code.
_NOT_TAKEN = (
    *("save_result", "append_result", "result_dir", "result_filename", "table", "fail_on"),
    *("plot_timeline", "timeline_itl_thresholds", "plot_dataset_stats"),
)


@click.command(cls=Command, sections=((SECTION, _OWN), *SECTIONS))
@all_of(click_options(declared(Settings)))
@click.option(
    "--budget",
    "budget_s",
    type=Duration(),
    metavar="TIME",
    help="Time limit of the sweep: no run begins that would pass it.",
)
@click.option(
    "--resume",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Continue the sweep in this folder, with its settings. With --grid and all other options: runs that are finished and unchanged are kept.",
)
@click.option("--dry-run", is_flag=True, help="Print the points and how long they take; send nothing.")
@all_of(
    *(tuple(one for one in group if getattr(one, "field", None) not in _NOT_TAKEN) for group in RUN_OPTIONS)
)
@click.pass_context
def sweep(
    ctx: click.Context, /, budget_s: float | None, resume: Path | None, dry_run: bool, **options: Any
) -> int:
    """Run a load at every point of a grid of options, and draw which points no other beats.

    \b
    aisbench sweep --url http://host:8000 --grid 'input_len=512,2048 concurrency=1..256x2' --duration 60
    aisbench sweep --url http://host:8000 --grid 'concurrency=1..64x2' --runs 3 --duration 30 --slo 'ttft_p99<500'
    aisbench sweep --grid 'rate=10..40+10' --duration 30 --dry-run

    Any option of aisbench-load is an axis. Every combination of values is a point, with a run folder for each of
    its --runs. The last axis changes first; all points are run once before any is run again. sweep.html draws
    tokens/s per user against tokens/s per server, with the frontier; sweep.csv has a row for each run.
    """
    if budget_s is not None:
        above(0, "seconds", infinite=True)("--budget", budget_s)
    settings = Settings(**{name: options.pop(name) for name in SETTINGS})
    check_values(settings)
    typed = _typed(ctx)
    if resume is not None and not dry_run:
        ctx.with_resource(claimed(resume))
    if resume is not None and "grid" not in typed:
        folder = _resumed(resume, settings, options, typed)
    else:
        if not settings.grid:
            raise BadInput("--grid is missing; give the options to vary, as in --grid 'concurrency=1..256x2'")
        points = points_of(ctx, settings.grid, options, _OWN)
        # URLs inside --grid may hold credentials.
        command = ["aisbench", "sweep", *map(masked_text, command_line("sweep"))]
        _check(settings, points)
        if dry_run and resume is None:
            folder = SweepFolder(Path(), points, settings, command)
        elif resume is None:
            folder = SweepFolder.create(points, settings, command)
            ctx.with_resource(claimed(folder.path))
            if options["seed"] == AUTO and points[0].config.seed:
                say(
                    f"seed {points[0].config.seed} was drawn; --seed {points[0].config.seed} repeats it",
                    err=True,
                )
        else:
            folder = _extended(resume, points, settings, options, command)
    if dry_run:
        from aisbench.studies.sweep.table import plan_text

        say(plan_text(folder, _common(folder.points)))
        return DONE
    # Slow imports wait until the options are known to be valid.
    from aisbench.studies.sweep.measure import sweep_and_report

    return sweep_and_report(folder, budget_s=budget_s, say=say)


def _typed(ctx: click.Context) -> dict[str, str]:
    """The flags of the options given on the command line, by parameter name."""
    source = click.core.ParameterSource.COMMANDLINE
    return {
        str(one.name): one.opts[0]
        for one in ctx.command.params
        if ctx.get_parameter_source(str(one.name)) is source
    }


def _resumed(path: Path, given: Settings, options: dict[str, Any], typed: dict[str, str]) -> SweepFolder:
    """The sweep in `path`, with those settings of `given` and secrets among `options` that may be given again."""
    check_given_again(path, typed, _RENEWED, ("--runs", "--slo"))
    folder = SweepFolder.load(path, options["api_key"])
    folder.points = [
        replace(point, config=with_secrets(point.config, options, _without_axes(typed, point)))
        for point in folder.points
    ]
    again = {name: getattr(given, name) for name in ("runs", "slo") if name in typed}
    folder.settings = replace(folder.settings, **again)
    _check(folder.settings, folder.points)
    return folder


def _without_axes(typed: dict[str, str], point: Point) -> dict[str, str]:
    return {name: flag for name, flag in typed.items() if name not in point.axes}


def _extended(
    path: Path, points: list[Point], settings: Settings, options: dict[str, Any], command: list[str]
) -> SweepFolder:
    """The sweep in `path` with other points or settings; its runs that are finished and unchanged are kept."""
    folder = SweepFolder.load(path, options["api_key"])
    seeds = {point.config.seed for point in folder.points if point.config.seed}
    if options["seed"] == AUTO and len(seeds) == 1:
        # As it was drawn then.
        (seed,) = seeds
        points = [
            replace(point, config=replace(point.config, seed=seed)) if point.config.seed else point
            for point in points
        ]
    folder.replace_points(points)
    folder.settings, folder.command = settings, command
    return folder


def _check(settings: Settings, points: list[Point]) -> None:
    """Raises BadInput for bounds that some point does not measure."""
    for point in points:
        check_measured(settings.terms, score=point.config.score, stream=point.config.stream)


def _common(points: list[Point]) -> str:
    """The options that all points share and that are not the defaults, as text without secrets."""
    plain = [point.as_dict()["config"] for point in points]
    defaults = Point({}, type(points[0].config)()).as_dict()["config"]
    shown = {
        name: value
        for name, value in plain[0].items()
        if name not in points[0].axes
        and value != defaults.get(name)
        and all(one[name] == value for one in plain)
    }
    return " ".join(f"{name}={_text(value)}" for name, value in shown.items())


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return json.dumps(value) if isinstance(value, dict) else str(value)
