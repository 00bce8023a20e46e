"""`aisbench export`: logs finished runs to trackers of experiments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click

from aisbench.cli.command import SETTINGS, Command, Group
from aisbench.errors import BadInput, CannotRun
from aisbench.masking.masking import masked_url, remember_options
from aisbench.saying import say

_RUNS = click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
_NAME = "aisbench"


class _Tracker(Protocol):
    def log(self, run: Any) -> str: ...


@click.group(cls=Group, context_settings=SETTINGS)
def export() -> None:
    """Log finished runs to MLflow or Weights & Biases."""


@export.command(cls=Command)
@_RUNS
@click.option(
    "--tracking-uri",
    metavar="URI",
    help="MLflow server.  [default: as MLFLOW_TRACKING_URI and MLflow's settings say]",
)
@click.option(
    "--experiment",
    metavar="NAME",
    envvar="MLFLOW_EXPERIMENT_NAME",
    default=_NAME,
    show_default=True,
    help="Experiment; made if it is not there.",
)
def mlflow(runs: tuple[Path, ...], tracking_uri: str | None, experiment: str) -> int:
    """Log the runs in the folders RUN to MLflow: options, headline figures, summary.json, report.html and vllm.json.

    \b
    aisbench export mlflow outputs/default/20260102_030405 --tracking-uri http://mlflow:5000
    aisbench export mlflow RUN1 RUN2 --experiment night

    Each run is logged as one with its label, or its folder's name. Needs MLflow: pip install mlflow-skinny.
    """
    remember_options({"tracking_uri": tracking_uri})

    def opened() -> _Tracker:
        from aisbench.export.mlflow import MlflowTracker

        return MlflowTracker(tracking_uri, experiment)

    where = f"--tracking-uri {masked_url(tracking_uri)}" if tracking_uri else "MLflow"
    return _log_all(runs, opened, where)


@export.command(cls=Command)
@_RUNS
@click.option(
    "--project",
    metavar="NAME",
    envvar="WANDB_PROJECT",
    default=_NAME,
    show_default=True,
    help="Project; made if it is not there.",
)
@click.option("--entity", metavar="NAME", envvar="WANDB_ENTITY", help="User or team that has the project.")
@click.option("--offline", is_flag=True, help="Only keep the runs in ./wandb, to be sent by `wandb sync`.")
def wandb(runs: tuple[Path, ...], project: str, entity: str | None, offline: bool) -> int:
    """Log the runs in the folders RUN to W&B: options, headline figures, summary.json, report.html and vllm.json.

    \b
    aisbench export wandb outputs/default/20260102_030405 --project serving
    aisbench export wandb RUN1 RUN2 --offline

    Each run is logged as one with its label, or its folder's name. Needs W&B: pip install wandb.
    """

    def opened() -> _Tracker:
        from aisbench.export.wandb import WandbTracker

        return WandbTracker(project, entity, offline=offline)

    return _log_all(runs, opened, "W&B")


def _log_all(runs: tuple[Path, ...], opened: Callable[[], _Tracker], where: str) -> int:
    """Logs the runs one after another. All are read first, so that nothing is logged if one of them cannot be."""
    from aisbench.export.tracked import TrackedRun

    read, logged = [TrackedRun.read(folder) for folder in runs], 0
    try:
        tracker = opened()
        for run in read:
            say(f"logged: {run.name} as {tracker.log(run)}")
            logged += 1
    except BadInput:
        raise
    except Exception as problem:  # trackers raise errors of their own
        line = next(iter(str(problem).splitlines()), "") or type(problem).__name__
        raise CannotRun(f"{where} failed ({line}); {logged} of {len(read)} runs were logged") from None
    return 0
