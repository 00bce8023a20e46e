"""Writes the files of `vllm bench serve` to --result-dir: the result, and plots of the timeline and the lengths."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput, CannotRun
from aisbench.extras import install_command


def check_result_folder(config: RunConfig) -> None:
    """Makes --result-dir. Raises BadInput if no result could be written or drawn. Called before anything is sent."""
    if not config.wants_result_file:
        return
    draws = config.plot_timeline or config.plot_dataset_stats
    if draws and importlib.util.find_spec("plotly") is None:
        flag = "--plot-timeline" if config.plot_timeline else "--plot-dataset-stats"
        raise BadInput(f"{flag} needs plotly: {install_command('plot', 'plotly')}, or leave it out")
    folder = (Path(config.result_dir or ".") / (config.result_filename or "x")).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInput(
            f"--result-dir {folder} cannot be created ({problem.strerror}); give another folder"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(f"--result-dir {folder} is not writable; give another folder")


def _result_path(config: RunConfig, result: dict[str, Any]) -> Path:
    """The path that vLLM's client would give this result."""
    model = str(result["model_id"]).split("/")[-1]
    limit = f"-concurrency{config.concurrency}" if config.concurrency is not None else ""
    rate = f"{result['request_rate']}qps"
    if config.ramp_up is not None:
        rate = f"ramp-up-{config.ramp_up}-{config.ramp_from:g}qps-{config.ramp_to:g}qps"
    name = f"{config.label or config.backend}-{rate}{limit}-{model}-{result['date']}.json"
    return Path(config.result_dir or ".") / (config.result_filename or name)


def write_vllm_files(run_folder: Path, config: RunConfig) -> list[Path]:
    """Writes the files that the options ask for and returns their paths. Raises CannotRun if that fails."""
    if not config.wants_result_file:
        return []
    result: dict[str, Any] = json.loads((run_folder / "vllm.json").read_text())
    path = _result_path(config, result)
    written: list[Path] = []
    try:
        if config.save_result or config.append_result:
            _write_result(result, path, append=config.append_result)
            written.append(path)
        if config.plot_timeline or config.plot_dataset_stats:
            # Importing plotly takes a second, and it may not be installed.
            from aisbench.records.run import Run
            from aisbench.report.figures.plot_file import write_figure
            from aisbench.report.figures.vllm_plots import lengths, timeline

            run = Run.load(run_folder, trust_remote_code=config.trust_remote_code)
            if config.plot_timeline:
                written.append(path.with_suffix(".timeline.html"))
                write_figure(timeline(run, config.timeline_itl_thresholds), written[-1])
            if config.plot_dataset_stats:
                written.append(path.with_suffix(".dataset_stats.html"))
                write_figure(lengths(run), written[-1])
    except OSError as problem:
        raise CannotRun(
            f"--result-dir: {path} cannot be written ({problem.strerror}); vllm.json in {run_folder} holds the result"
        ) from None
    return written


def _write_result(result: dict[str, Any], path: Path, *, append: bool) -> None:
    with path.open("a+" if append else "w", encoding="utf-8") as file:
        if append and file.tell() != 0:
            file.write("\n")
        json.dump(result, file)
