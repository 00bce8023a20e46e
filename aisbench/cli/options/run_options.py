"""The options of a run, in the sections that `--help` shows. aisbench.config and aisbench.workload declare them."""

from __future__ import annotations

from typing import Any

from aisbench.cli.options.click_options import click_options
from aisbench.cli.options.config_file import CONFIG_OPTIONS
from aisbench.cli.options.presets import PRESET_OPTIONS
from aisbench.config import client, output, stream, target, traffic
from aisbench.config.foreign.vllm_flags import VllmFlags
from aisbench.config.run_config import RunConfig
from aisbench.options.option import Declared, declared
from aisbench.workload import vllm_dataset_options

ALL: list[Declared] = [*declared(VllmFlags), *declared(RunConfig)]


def part(title: str) -> tuple[Any, ...]:
    """The options in the section of the help that has this title."""
    return click_options(one for one in ALL if one.option.section == title)


TARGET_OPTIONS = part(target.SECTION)
TRAFFIC_OPTIONS = part(traffic.SECTION)
WORKLOAD_OPTIONS = part(vllm_dataset_options.SECTION)
STREAM_OPTIONS = part(stream.SECTION)
OUTPUT_OPTIONS = part(output.SECTION)
VLLM_OPTIONS = part(client.SECTION)

SECTIONS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    (target.SECTION, TARGET_OPTIONS),
    (traffic.SECTION, TRAFFIC_OPTIONS),
    (vllm_dataset_options.SECTION, WORKLOAD_OPTIONS),
    (stream.SECTION, STREAM_OPTIONS),
    (output.SECTION, OUTPUT_OPTIONS),
    (client.SECTION, VLLM_OPTIONS),
)
RUN_OPTIONS = (CONFIG_OPTIONS, PRESET_OPTIONS, *(group for _, group in SECTIONS))
