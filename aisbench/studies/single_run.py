"""Carries out one run: the load, its live views, and its reports."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aisbench import saying
from aisbench.analysis.verdict.gates import broken_gates, parse_gates
from aisbench.config.run_config import RunConfig
from aisbench.engine.coordinator import Coordinator, Tick
from aisbench.errors import CannotRun
from aisbench.exit_codes import DONE, GATE_BROKEN, INTERRUPTED, RUN_FAILED, VERDICT_INVALID
from aisbench.live.preparing import Preparing
from aisbench.masking.masking import masked_url
from aisbench.report.files.vllm_files import check_result_folder, write_vllm_files
from aisbench.studies.servers import servers_of

if TYPE_CHECKING:
    from aisbench.export.upload import Upload
    from aisbench.live.otlp import Otlp
    from aisbench.live.page import LivePage
    from aisbench.live.watching import View


def run_and_report(
    config: RunConfig,
    *,
    command: list[str],
    as_json: bool,
    live: bool,
    live_port: tuple[str, int] | None = None,
    opening: Sequence[str] = (),
    upload: str | None = None,
    otlp_endpoint: str | None = None,
) -> int:
    """Runs, writes the reports and prints the table; returns the exit code.

    `live`: show progress on the terminal. `live_port`: host and port of the live page, or None for no page.
    `opening`: lines to print once the run is prepared. `upload`: the URL to which the run's folder is copied at the
    end. `otlp_endpoint`: the URL that receives the live figures. Raises BadInput if one of these cannot be used.
    """
    check_result_folder(config)
    place = _place_for(upload)
    with contextlib.ExitStack() as stack:
        page = _served_page(stack, config, live_port, _say) if live_port is not None else None
        folder = run_to_folder(
            stack,
            config,
            command=command,
            live=live and not as_json,
            bar=live,
            page=page,
            otlp=_exporting(stack, config, otlp_endpoint, _say) if otlp_endpoint is not None else None,
            opening=opening,
        )
    code = report(folder, config, as_json=as_json)
    return code if place is None else _uploaded(place, folder, code)


def _place_for(upload: str | None) -> Upload | None:
    if upload is None:
        return None
    from aisbench.export.upload import Upload

    return Upload.to(upload)


def _uploaded(place: Upload, folder: Path, code: int) -> int:
    """Copies the run's folder to `place`, and returns the exit code: that of the run, unless only the copy failed."""
    try:
        _say(f"uploaded: {place.send(folder)}")
    except CannotRun as problem:
        _say(f"error: {problem}")
        return code or RUN_FAILED
    return code


def run_to_folder(
    stack: contextlib.ExitStack,
    config: RunConfig,
    *,
    command: list[str],
    live: bool,
    bar: bool | None = None,
    page: LivePage | None = None,
    otlp: Otlp | None = None,
    opening: Sequence[str] = (),
    quiet: bool = False,
    ticks: Sequence[Tick] = (),
) -> Path:
    """Runs, and returns the folder with the records. Whatever is started beside the run ends with `stack`.

    `live`: show the run on the terminal. `bar`: show its preparation as a progress bar (None: as `live`).
    `quiet`: print nothing. `ticks` are called ten times a second while the load runs.
    """
    say = _unsaid if quiet else _say
    coordinator = Coordinator(config, command=command, say=say, tick=lambda _: None, opening=opening)
    urls, simulated = servers_of(stack, config, say)
    coordinator.progress = Preparing(stack, say, bar=live if bar is None else bar).report
    views: list[View] = [view for view in (page, otlp) if view is not None]
    if live:
        from aisbench.live.terminal import LiveView

        views.append(stack.enter_context(LiveView()))
    if views:
        from aisbench.live.watching import Watching

        ticks = (*ticks, Watching(config, views).tick)
    if ticks:
        coordinator.tick = _one_after_the_other(ticks)
    folder = coordinator.run(urls, simulator=simulated)
    if otlp is not None and (lost := otlp.end()):
        coordinator.directory.note(lost)
        coordinator.directory.write()
    if page is not None:
        facts = coordinator.directory.facts
        page.ended = {
            "outcome": facts["outcome"],
            "reason": facts["outcome_reason"],
            "folder": str(folder),
        }
    return folder


def _one_after_the_other(ticks: Sequence[Tick]) -> Tick:
    def tick(coordinator: Coordinator) -> None:
        for each in ticks:
            each(coordinator)

    return tick


def _say(line: str) -> None:
    saying.say(line, err=True)


def _unsaid(line: str) -> None:
    """Discards the line."""


def _served_page(
    stack: contextlib.ExitStack, config: RunConfig, at: tuple[str, int], say: Callable[[str], None]
) -> LivePage:
    """The live page, served until `stack` ends; raises BadInput when its port cannot be opened."""
    from aisbench.live.page import LivePage, listen

    urls = map(masked_url, config.url)
    title = " · ".join(part for part in ("aisbench", config.label, config.model, *urls) if part)
    page = stack.enter_context(LivePage(listen(*at), title))
    say(f"live: {page.url} (for Prometheus: {page.url}/metrics)")
    return page


def _exporting(
    stack: contextlib.ExitStack, config: RunConfig, endpoint: str, say: Callable[[str], None]
) -> Otlp:
    """The export of the live figures to `endpoint`, until `stack` ends; raises BadInput when it cannot be used."""
    from aisbench.live.otlp import Otlp

    about = {"aisbench.label": config.label, "aisbench.model": config.model}
    return stack.enter_context(Otlp(endpoint, {name: text for name, text in about.items() if text}, say))


def report(folder: Path, config: RunConfig, *, as_json: bool) -> int:
    # Not before the run: they take 0.15 s, by which the first request would be later.
    from aisbench.analysis.contract.summary_type import plain
    from aisbench.analysis.measured import Measured
    from aisbench.records.run import Run
    from aisbench.report.files.write import write_reports
    from aisbench.report.text.console import print_result

    measured = Measured(Run.load(folder, trust_remote_code=config.trust_remote_code))
    summary = plain(write_reports(measured))
    if as_json:
        sys.stdout.write((folder / "summary.json").read_text())
    else:
        print_result(summary, list(config.percentiles), folder / "report.html", style=config.table)
    for path in write_vllm_files(folder, config):
        click.echo(f"written: {path}", err=True)
    gates = parse_gates(config.fail_on)
    broken = broken_gates(measured, summary, gates) if gates else []
    for sentence in broken:
        click.echo(sentence, err=True)
    code = exit_code(summary, strict=config.strict)
    return GATE_BROKEN if code == DONE and broken else code


def exit_code(summary: dict[str, Any], *, strict: bool) -> int:
    """0: done; 1: the run failed or no request succeeded; 3: invalid under --strict; 130: interrupted."""
    if summary["outcome"] == "interrupted":
        return INTERRUPTED
    if summary["outcome"] == "failed" or summary["completed"] == 0:
        return RUN_FAILED
    if strict and summary["verdict"]["status"] == "invalid":
        return VERDICT_INVALID
    return DONE
