"""Opens the folder of an evaluation: a new one, one to go on with, or one that several evaluations share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.studies.evaluation.folder import EvaluationFolder, file_name
from aisbench.studies.evaluation.remembered import options_of
from aisbench.studies.evaluation.settings import Settings


def folder_before(
    config: RunConfig, settings: Settings, reuse: str | None, into: str | None
) -> EvaluationFolder | None:
    """The folder with which this evaluation goes on; None if it begins. Raises BadInput if there is none to reuse."""
    if into is not None:
        shared = _part_of(Path(into), config, settings)
        return shared if shared.exists else None
    return None if reuse is None else EvaluationFolder.reuse(config.work_dir, reuse)


def opened(
    before: EvaluationFolder | None,
    config: RunConfig,
    settings: Settings,
    command: list[str],
    into: str | None,
) -> EvaluationFolder:
    """The folder to write to, with its facts; `before`: see folder_before.

    Raises BadInput for a new one in a mode that needs answers, and for one with the answers of another model.
    """
    if into is not None:
        return _shared_folder(Path(into), config, settings, command)
    if before is None:
        return _new_folder(config, settings, command)
    return _reused_folder(before, config, settings)


def _part_of(path: Path, config: RunConfig, settings: Settings) -> EvaluationFolder:
    return EvaluationFolder(path, file_name(config.label or "model"), settings.datasets[0])


def _new_folder(config: RunConfig, settings: Settings, command: list[str]) -> EvaluationFolder:
    if not settings.asks:
        raise BadInput(
            f"--mode {settings.mode} needs the answers of an earlier evaluation; name its folder with --reuse"
        )
    model = config.model or "model"
    return EvaluationFolder.create(config.work_dir, model, _facts(config, settings, command, model))


def _reused_folder(folder: EvaluationFolder, config: RunConfig, settings: Settings) -> EvaluationFolder:
    facts = folder.facts()
    before = facts["model"]
    if config.model is not None and config.model != before:
        raise BadInput(
            f"--reuse: {folder.path} holds answers of model {before}, not of {config.model}; give --model {before}, or "
            "start a new evaluation"
        )
    if settings.asks:
        # The other data sets of the folder keep their options.
        options = {**(facts.get("options") or {}), **options_of(config, settings)}
        folder.write_facts({**facts, "options": options})
    return folder


def _shared_folder(path: Path, config: RunConfig, settings: Settings, command: list[str]) -> EvaluationFolder:
    folder = _part_of(path, config, settings)
    if settings.asks:
        folder.write_facts(_facts(config, settings, command, config.model or "model"))
    return folder


def _facts(config: RunConfig, settings: Settings, command: list[str], model: str) -> dict[str, Any]:
    return {
        "model": model,
        "command": command,
        "config": config.as_dict(),
        "datasets": list(settings.datasets),
        "options": options_of(config, settings),
    }
