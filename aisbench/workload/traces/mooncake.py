"""Lines of Mooncake's traces: timestamp (ms), input_length, output_length, hash_ids (one for each block)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import whole_number
from aisbench.workload.files.dataset_files import json_entries
from aisbench.workload.files.trace_times import number_ns
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces.json_rows import blocks_in, object_in, output_in
from aisbench.workload.traces.tables import at
from aisbench.workload.traces.trace import Recorded


def mooncake_lines(
    path: Path, options: WorkloadOptions, unit_ns: int
) -> Iterator[tuple[int, Callable[[], tuple[Recorded, str]]]]:
    """As tables.table_lines. `unit_ns`: the unit of times, in ns."""
    for number, parse in json_entries(path, options.dataset):
        yield number, lambda parse=parse: (_recorded(parse(), options, unit_ns), "")  # type: ignore[misc]


def _recorded(row: Any, options: WorkloadOptions, unit_ns: int) -> Recorded:
    row = object_in(row)
    return Recorded(
        at(lambda: number_ns(row.get(options.timed_trace_label_timestamp), unit_ns), options),
        whole_number(
            row.get(options.timed_trace_label_input_length), options.timed_trace_label_input_length, 0
        ),
        output_in(row, options.timed_trace_label_output_length, options),
        blocks_in(row.get(options.timed_trace_label_hash_ids)),
    )
