"""Lines of Mooncake's traces: timestamp (ms), input_length, output_length, hash_ids (one for each block).

A line is a whole prompt. With session_id, it follows the line before of that session, after `delay` (ms) if it has one;
mooncake_sessions reads such lines, too, unless --trace-prompts says that they are whole prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, whole_number
from aisbench.workload.files.dataset_files import json_entries
from aisbench.workload.files.trace_times import S, number_ns
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.sessions.found import name_of, seconds_of
from aisbench.workload.traces.json_rows import blocks_in, object_in, output_in
from aisbench.workload.traces.tables import at
from aisbench.workload.traces.trace import Recorded

BLOCK = 512


def mooncake_lines(
    path: Path, options: WorkloadOptions, unit_ns: int
) -> Iterator[tuple[int, Callable[[], tuple[Recorded, str]]]]:
    """As tables.table_lines. `unit_ns`: the unit of times, in ns."""
    begun: set[str] = set()

    def recorded(row: Any) -> tuple[Recorded, str]:
        row = object_in(row)
        name = name_of(row, "session_id") if row.get("session_id") is not None else ""
        request = _recorded(row, options, unit_ns, is_later=name in begun)
        if name:
            begun.add(name)
        return request, name

    for number, parse in json_entries(path, options.dataset):
        yield number, lambda parse=parse: recorded(parse())  # type: ignore[misc]


def _recorded(row: dict[str, Any], options: WorkloadOptions, unit_ns: int, *, is_later: bool) -> Recorded:
    """`is_later`: it is not the first of its session, and needs no time."""
    named = options.timed_trace_label_timestamp
    for other in ("text_input", "messages", "payload"):
        if row.get(other) is not None:
            raise BadLine(f"{other}, which --trace-prompts whole does not go with")
    return Recorded(
        None
        if is_later and row.get(named) is None
        else at(lambda: number_ns(row.get(named), unit_ns), options),
        whole_number(
            row.get(options.timed_trace_label_input_length), options.timed_trace_label_input_length, 0
        ),
        output_in(row, options.timed_trace_label_output_length, options),
        blocks_in(row.get(options.timed_trace_label_hash_ids)),
        pause_ns=round(seconds_of(row, "delay", unit_ns / S) * S) if is_later else None,
    )
