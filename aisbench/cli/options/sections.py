"""The options of a run, in the parts that `--help` shows, for the commands that take them all."""

from __future__ import annotations

from typing import Any

from aisbench.cli.options.output import OUTPUT_OPTIONS, STREAM_OPTIONS
from aisbench.cli.options.target import TARGET_OPTIONS
from aisbench.cli.options.traffic import TRAFFIC_OPTIONS
from aisbench.cli.options.types import CONFIG_OPTIONS
from aisbench.cli.options.vllm import VLLM_RUN_OPTIONS, VLLM_WORKLOAD_OPTIONS
from aisbench.cli.options.workload import WORKLOAD_OPTIONS

SECTIONS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("Target", TARGET_OPTIONS),
    ("Load", TRAFFIC_OPTIONS),
    ("Workload", WORKLOAD_OPTIONS),
    ("Stream", STREAM_OPTIONS),
    ("Output", OUTPUT_OPTIONS),
    ("By vLLM's names (docs/from-vllm.md)", (*VLLM_WORKLOAD_OPTIONS, *VLLM_RUN_OPTIONS)),
)
RUN_OPTIONS = (CONFIG_OPTIONS, *(group for _, group in SECTIONS))
