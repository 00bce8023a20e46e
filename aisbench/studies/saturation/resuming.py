"""Checks the options of a search, and resumes a search from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.studies.many_runs.resuming import check_given_again, with_secrets
from aisbench.studies.saturation.folder import SearchFolder
from aisbench.studies.saturation.settings import Settings
from aisbench.studies.slo.terms import check_measured

# Options of a search that may be given again when it is resumed.
_RENEWED = ("repeats", "tolerance")


def check_search(settings: Settings, config: RunConfig) -> None:
    """Raises BadInput if these options do not describe a search."""
    settings.check()
    config_of_a_step = replace(config, rate=1.0) if settings.is_open_loop else config
    config_of_a_step.check()
    if not settings.is_open_loop and config.concurrency is not None:
        raise BadInput(
            "--over concurrency varies the requests in flight; leave --concurrency out, or set a limit with --max"
        )
    check_measured(settings.terms, score=config.score, stream=config.stream)


def resumed(
    path: Path, given: Settings, options: Mapping[str, Any], typed: Mapping[str, str]
) -> SearchFolder:
    """The search in `path`, with those settings of `given` and `options` that may be given again.

    `typed`: the flags on the command line, by the names of their options. Raises BadInput for a flag that may not be
    given again.
    """
    check_given_again(path, typed, _RENEWED, [f"--{name}" for name in _RENEWED])
    folder = SearchFolder.load(path, options["api_key"])
    folder.config = with_secrets(folder.config, options, typed)
    again = {name: getattr(given, name) for name in _RENEWED if name in typed}
    folder.settings = replace(folder.settings, **again)
    check_search(folder.settings, folder.config)
    return folder
