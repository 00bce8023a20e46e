"""Reads a command's options from a preset (`--models NAME`)."""

from __future__ import annotations

from typing import Any

import click

from aisbench.cli.options.origins import note
from aisbench.config.presets import options_of, preset_file
from aisbench.masking.masking import remember_options
from aisbench.saying import say

_META = "aisbench.presets"


def _read(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Makes the preset's options the defaults, once --models and --config-dir are both read.

    Options of a --config file override them.
    """
    seen: dict[str, Any] = ctx.meta.setdefault(_META, {})
    seen[str(param.name)] = value
    if len(seen) < len(PRESET_OPTIONS) or seen["models"] is None or ctx.resilient_parsing:
        return
    file = preset_file(seen["models"], seen["config_dir"])
    options, lines = options_of(file)
    remember_options(options)
    for line in lines:
        say(line, err=True)
    # Options that a --config file set keep it as their origin.
    note(ctx, f"preset {file}", options.keys() - (ctx.default_map or {}).keys())
    ctx.default_map = {**options, **(ctx.default_map or {})}


PRESET_OPTIONS = (
    click.option(
        "--models",
        "models",
        callback=_read,
        is_eager=True,
        expose_value=False,
        metavar="NAME",
        help="Take options from a preset, by AISBench's names: vllm_api_stream_chat, ...",
    ),
    click.option(
        "--config-dir",
        "config_dir",
        callback=_read,
        is_eager=True,
        expose_value=False,
        metavar="DIR",
        help="Folder with your own presets (NAME.toml), which are looked up first.",
    ),
)
