"""What the folder of an evaluation remembers of its options, so that --reuse does not need them again.

What starts code is not remembered (--allow-code, --include-path), because a folder may come from somebody else. Nor is
the judge, whose answers cost money.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.options.option import declared
from aisbench.studies.evaluation.harness.names import PREFIX, split_names
from aisbench.studies.evaluation.settings import Settings

# Which questions there are and how often each is asked; then how they are asked.
_OF_QUESTIONS = ("path", "num_prompts", "shots", "samples")
_OF_REQUESTS = (
    "backend",
    "temperature",
    "output_len",
    "system_prompt",
    "ignore_eos",
    "extra_body",
    "omit_field",
)
_FLAGS = {one.name: one.option.flag for owner in (Settings, RunConfig) for one in declared(owner)}


def options_of(config: RunConfig, settings: Settings) -> dict[str, dict[str, Any]]:
    """The options to remember, by data set."""
    plain = config.as_dict()
    found = {name: getattr(settings, name) for name in _OF_QUESTIONS}
    found |= {name: plain[name] for name in _OF_REQUESTS}
    return dict.fromkeys(_names(settings), found)


def with_remembered(
    facts: Mapping[str, Any], config: RunConfig, settings: Settings, given: Container[str]
) -> tuple[RunConfig, Settings, str]:
    """`config` and `settings` with the options that `facts` remembers of their data sets, except those `given` now.

    Without --datasets, all of the folder's are taken. Also returns the options that changed, as they would be typed.
    Raises BadInput if the data sets were asked with different options.
    """
    asked: Mapping[str, Mapping[str, Any]] = facts.get("options") or {}
    if not settings.datasets:
        settings = replace(settings, datasets=tuple(asked))
    before: dict[str, Any] = {}
    for dataset in _names(settings):
        for name, value in asked.get(dataset, {}).items():
            if name in given or name not in (*_OF_QUESTIONS, *_OF_REQUESTS):
                continue
            if before.setdefault(name, value) != value:
                raise BadInput(
                    f"--reuse: {', '.join(_names(settings))} were asked with different {_FLAGS[name]}; "
                    f"give {_FLAGS[name]}, or one of them at a time"
                )
    now = {name: getattr(settings, name) for name in _OF_QUESTIONS}
    now |= {name: config.as_dict()[name] for name in _OF_REQUESTS}
    changed = {name: value for name, value in before.items() if value != now[name]}
    # JSON has no tuples.
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in changed.items()
    }
    settings = replace(settings, **{name: values[name] for name in _OF_QUESTIONS if name in values})
    config = replace(config, **{name: values[name] for name in _OF_REQUESTS if name in values})
    settings.check()
    config.check()
    return config, settings, ", ".join(f"{_FLAGS[name]} {_typed(value)}" for name, value in changed.items())


def _names(settings: Settings) -> Sequence[str]:
    """The data sets as the folder names them."""
    own, theirs = split_names(settings.datasets)
    return [*own, *(f"{PREFIX}{name}" for name in theirs)]


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
