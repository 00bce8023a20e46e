"""Carries out a selfcheck: puts three loads on a referee, measures what they cost, and keeps the result."""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import dataclass
from typing import Any

import click

from aisbench.analysis.blocks.roofline import Load
from aisbench.analysis.contract.summary_type import plain
from aisbench.analysis.measured import Measured
from aisbench.analysis.summary import summarise
from aisbench.config.run_config import RunConfig
from aisbench.engine.coordinator import Coordinator
from aisbench.engine.limits import cpus
from aisbench.engine.roofline_file import write_roofline
from aisbench.exit_codes import DONE, INTERRUPTED, RUN_FAILED
from aisbench.records.folder import local_date
from aisbench.records.run import Run
from aisbench.simulator.referee import start_referee
from aisbench.studies.selfcheck.result import selfcheck_result, step_figures
from aisbench.studies.selfcheck.table import selfcheck_table


@dataclass(frozen=True, kw_only=True)
class Step:
    """One load, and how the referee answers it: `ttft_us`, `itl_us` and `tokens` of each answer."""

    title: str
    ttft_us: int
    itl_us: int
    tokens: int
    concurrency: int | None = None
    rate: float = math.inf


# Each step takes about 4 s, including the requests in flight at the end.
STEP_S = 3.0
_QUIET = Step(title="256 streams", concurrency=256, ttft_us=50_000, itl_us=10_000, tokens=100)
_DECODING = Step(title="768 streams", concurrency=768, ttft_us=50_000, itl_us=10_000, tokens=100)
_ASKING = Step(title="5,000 requests/s", rate=5000.0, ttft_us=20_000, itl_us=0, tokens=1)
_STEPS = (_QUIET, _DECODING, _ASKING)


def check_and_report(*, as_json: bool) -> int:
    """Runs the steps, prints the table and keeps the result; returns the exit code."""
    steps, loads = [], {}
    with tempfile.TemporaryDirectory(prefix="aisbench-selfcheck-") as folder:
        for at, step in enumerate(_STEPS, 1):
            click.echo(f"{at}/{len(_STEPS)} {step.title}", err=True)
            run, truth = measured(step, folder)
            if run.outcome == "interrupted":
                click.echo("interrupted: nothing was kept", err=True)
                return INTERRUPTED
            summary = plain(summarise(Measured(run)))
            if summary["completed"] == 0 or run.outcome != "finished":
                problem = run.outcome_reason or "no request succeeded"
                click.echo(f"the selfcheck failed at {step.title}: {problem}; nothing was kept", err=True)
                return RUN_FAILED
            steps.append(step_figures(step.title, run, summary, truth))
            loads[step] = Load.of(run)
    result = selfcheck_result(steps, decoding=loads[_DECODING], asking=loads[_ASKING], date=local_date())
    try:
        kept = f"Kept in {write_roofline(result)}. Each run on this host now reports how much of this roofline it used."
    except OSError as problem:
        kept = f"Not kept: {problem.filename} cannot be written ({problem.strerror}); set XDG_CACHE_HOME."
    click.echo(json.dumps(result, indent=1) if as_json else f"{selfcheck_table(result, cpus())}\n{kept}")
    return DONE


def measured(step: Step, folder: str) -> tuple[Run, dict[str, Any]]:
    """Runs `step` in `folder`; returns the run, and what its referee measured."""
    allowed = sorted(os.sched_getaffinity(0))
    with start_referee(
        ttft_us=step.ttft_us,
        itl_us=step.itl_us,
        tokens=step.tokens,
        # With more than one core, the referee gets one and the client the others.
        cpu=allowed[-1] if len(allowed) > 1 else None,
    ) as referee:
        config = RunConfig(
            url=(referee.url,),
            backend="openai-chat",
            model="referee",
            rate=step.rate,
            concurrency=step.concurrency,
            duration_s=STEP_S,
            workers=1,
            input_len=32,
            output_len=step.tokens,
            server_metrics=False,
            device_metrics=False,
            work_dir=folder,
        )
        coordinator = Coordinator(config, command=["aisbench", "selfcheck"], say=_silent, tick=lambda _: None)
        return Run.load(coordinator.run(config.url, simulator=False)), referee.truth()


def _silent(line: str) -> None:
    """Discards what the runs print: the selfcheck prints its own lines."""
