"""Checks the options of a study that goes on, and gives its runs the secrets that no file holds."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aisbench.config.run_config import SECRET_FIELDS, RunConfig, listed
from aisbench.errors import BadInput
from aisbench.masking.fields import MASK, masked_fields, masked_names

# Options that may be given again whatever the study.
_RENEWED = ("resume", "budget_s", "api_key", "extra_body", *SECRET_FIELDS)


def check_given_again(
    path: Path, typed: Mapping[str, str], renewed: Collection[str], flags: Collection[str]
) -> None:
    """Raises BadInput for a flag that may not be given again when the study in `path` goes on.

    `typed`: the flags on the command line, by the names of their options. `renewed`: the names of this study's own
    options that may be given again, whose `flags` the message names.
    """
    for name, flag in typed.items():
        if name not in renewed and name not in _RENEWED:
            raise BadInput(
                f"--resume uses the settings in {path}; leave {flag} out (--budget, {', '.join(flags)} and "
                "options that hold secrets, such as --api-key and --header, may be given again)"
            )


def with_secrets(config: RunConfig, options: Mapping[str, Any], typed: Mapping[str, str]) -> RunConfig:
    """`config`, read from a folder, with the secrets among `options`.

    The environment may supply again what the folder holds masked, but must not silently change what it holds in full.
    Raises BadInput for a body that differs in more than its secrets.
    """
    body = config.extra_body
    if "extra_body" in typed or (masked_names(body) and options["extra_body"]):
        # Flags of vLLM that are fields of the body are in the folder's, too.
        given = {**(body or {}), **(options["extra_body"] or {})}
        if masked_fields(given) != (body or {}):
            raise BadInput(
                f"--resume: --extra-body may differ from {json.dumps(body)} only in what is masked there; "
                "give it as before"
            )
        config = replace(config, extra_body=given)
    masked = {name for name in SECRET_FIELDS if any(MASK in text for text in listed(getattr(config, name)))}
    secrets = {
        name: options[name] for name in SECRET_FIELDS if name in typed or (name in masked and options[name])
    }
    return replace(config, **secrets)
