"""Checks the options of a search, and resumes a search from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aisbench.config.run_config import SECRET_FIELDS, RunConfig, listed
from aisbench.errors import BadInput
from aisbench.masking import MASK
from aisbench.studies.saturation.folder import SearchFolder
from aisbench.studies.saturation.settings import Settings
from aisbench.studies.saturation.slo import ACCURACY

# Options that may be given again when a search is resumed.
_RENEWED = ("resume", "budget_s", "repeats", "tolerance", "api_key", *SECRET_FIELDS)


def check_search(settings: Settings, config: RunConfig) -> None:
    """Raises BadInput if these options do not describe a search."""
    settings.check()
    config_of_a_step = replace(config, rate=1.0) if settings.is_open_loop else config
    config_of_a_step.check()
    if not settings.is_open_loop and config.concurrency is not None:
        raise BadInput(
            "--over concurrency varies the requests in flight; leave --concurrency out, or set a limit with --max"
        )
    if any(term.name == ACCURACY for term in settings.terms) and not config.score:
        raise BadInput("--slo: accuracy needs --score and a --dataset with known answers, such as gsm8k")
    if settings.needs_streams and not config.stream:
        raise BadInput(
            "--slo: TTFT and TPOT need streamed answers; leave --no-stream out, or give a bound on e2el"
        )


def resumed(
    path: Path, given: Settings, options: Mapping[str, Any], typed: Mapping[str, str]
) -> SearchFolder:
    """The search in `path`, with those settings of `given` and `options` that may be given again.

    `typed`: the flags on the command line, by the names of their options. Raises BadInput for a flag that may not be
    given again.
    """
    for name, flag in typed.items():
        if name not in _RENEWED:
            raise BadInput(
                f"--resume uses the settings in {path}; leave {flag} out (--budget, --repeats, --tolerance and "
                "options that hold secrets, such as --api-key and --header, may be given again)"
            )
    folder = SearchFolder.load(path, options["api_key"])
    # The environment may supply again what the folder holds masked, but must not silently change what it holds in full.
    masked = {
        name for name in SECRET_FIELDS if any(MASK in text for text in listed(getattr(folder.config, name)))
    }
    secrets = {
        name: options[name] for name in SECRET_FIELDS if name in typed or (name in masked and options[name])
    }
    folder.config = replace(folder.config, **secrets)
    again = {name: getattr(given, name) for name in ("repeats", "tolerance") if name in typed}
    folder.settings = replace(folder.settings, **again)
    check_search(folder.settings, folder.config)
    return folder
