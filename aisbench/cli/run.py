"""What `aisbench load` does once its options are known to be good."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from aisbench.analysis.live import LiveReader
from aisbench.engine.config import RunConfig
from aisbench.engine.coordinator import Coordinator
from aisbench.report.console import print_result
from aisbench.report.files import write_all
from aisbench.report.preparing import Preparing

RUN_FAILED = 1
VERDICT_INVALID = 3
INTERRUPTED = 130
# The view is drawn by a process that may share a CPU with a worker: seldom, and with low priority.
VIEW_EVERY_S = 0.5
NICENESS = 10


def run_and_report(config: RunConfig, *, command: list[str], as_json: bool, live: bool) -> int:
    """Runs, writes the reports, prints the table; returns the exit code."""

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    coordinator = Coordinator(config, command=command, say=say, tick=lambda _: None)
    with contextlib.ExitStack() as stack:
        urls = config.url
        if not urls and config.uds is not None:
            urls = ("http://localhost",)
        if not urls:
            from aisbench.simulator.process import start_simulator

            simulator = stack.enter_context(start_simulator([]))
            say(f"no --url: the built-in simulator runs at {simulator.url}")
            urls = (simulator.url,)
        coordinator.progress = Preparing(stack, say, bar=live).report
        if live and not as_json:
            coordinator.tick = show_live(stack, config)
        folder = coordinator.run(urls, simulator=not config.url and config.uds is None)
    return report(folder, config, as_json=as_json)


def show_live(stack: contextlib.ExitStack, config: RunConfig) -> Any:
    """A tick that draws the live view now and then."""
    from aisbench.report.live import LiveView

    view: LiveView | None = None
    reader: LiveReader | None = None
    next_s = 0.0

    def tick(coordinator: Coordinator) -> None:
        nonlocal view, reader, next_s
        now = time.monotonic()
        if now < next_s:
            return
        next_s = now + VIEW_EVERY_S
        if view is None or reader is None:
            os.nice(NICENESS)
            view = stack.enter_context(LiveView())
            reader = LiveReader(
                coordinator.directory.records,
                start_ns=coordinator.start_ns,
                planned=coordinator.plan.requests if coordinator.plan.requests >= 0 else None,
                asked_rate=config.rate if config.is_open_loop and config.ramp_up is None else None,
                limit=config.concurrency,
                duration_s=config.duration_s,
            )
        view.update(reader.snapshot(coordinator.live()))

    return tick


def report(folder: Path, config: RunConfig, *, as_json: bool) -> int:
    summary = write_all(folder)
    if as_json:
        sys.stdout.write((folder / "summary.json").read_text())
    else:
        print_result(summary, list(config.percentiles), folder / "report.html", style=config.table)
    return exit_code(summary, strict=config.strict)


def exit_code(summary: dict[str, Any], *, strict: bool) -> int:
    """0 done; 1 the run failed or no request succeeded; 3 invalid and --strict; 130 interrupted."""
    if summary["outcome"] == "interrupted":
        return INTERRUPTED
    if summary["outcome"] == "failed" or summary["completed"] == 0:
        return RUN_FAILED
    if strict and summary["verdict"]["status"] == "invalid":
        return VERDICT_INVALID
    return 0
