"""The data sets `spec_bench` and `speed_bench`: first turns of their files, by category, as vLLM 0.32 sends them.

vLLM's client passes --seed to neither of them: both are shuffled, and filled up, with seed 0.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLine
from aisbench.workload.files.dataset_files import dataset_file, dataset_path
from aisbench.workload.files.text_rows import Read, Row, read_rows, row_prompts
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

_SPEC_OUTPUT_LEN, _SPEED_OUTPUT_LEN = 256, 4096


def spec_bench_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a file without a usable row of the category."""
    dataset_file(options, "Spec-Bench's question.jsonl")

    def read(entry: Mapping[str, Any]) -> Row | None:
        if options.spec_bench_category not in (None, entry.get("category")):
            return None
        turns = entry.get("turns")
        if not isinstance(turns, list) or not turns or not isinstance(turns[0], str):
            raise BadLine("no list of texts in 'turns'")
        return Row(turns[0])

    return _shuffled(options, read, _SPEC_OUTPUT_LEN)


def speed_bench_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """--dataset-path is the folder that SPEED-Bench's own script makes, with SUBSET.jsonl in it."""
    path = dataset_path(options, "the folder that SPEED-Bench's prepare.py makes")
    if path.is_dir():
        path = path / f"{options.speed_bench_dataset_subset}.jsonl"
        if not path.is_file():
            there = ", ".join(sorted(one.stem for one in path.parent.glob("*.jsonl"))) or "none"
            raise BadInput(
                f"--speed-bench-dataset-subset {options.speed_bench_dataset_subset}: there is no {path}; "
                f"available: {there}"
            )

    def read(entry: Mapping[str, Any]) -> Row | None:
        if options.speed_bench_category not in (None, entry.get("category")):
            return None
        messages = entry.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        text = first.get("content") if isinstance(first, Mapping) else None
        if not isinstance(text, str):
            raise BadLine("no text in the first of 'messages'")
        return Row(text)

    return _shuffled(replace(options, dataset_path=str(path)), read, _SPEED_OUTPUT_LEN)


def _shuffled(options: WorkloadOptions, read: Read, output_len: int) -> Prompts:
    rows, bad = read_rows(dataset_file(options, "JSON lines"), options, read)
    generator = random.Random(0)
    if options.shuffle:
        generator.shuffle(rows)
    return row_prompts(
        rows,
        bad,
        replace(options, seed=0),
        output_len=options.output_len or output_len,
        template=options.chat_template,
        generator=generator,
    )
