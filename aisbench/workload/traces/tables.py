"""Rows of the traces that are tables: Azure's and BurstGPT's.

azure      TIMESTAMP (date and time), ContextTokens, GeneratedTokens
burstgpt   Timestamp (s), Request tokens, Response tokens; no response: the request failed. Session ID (version 2)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, whole_number
from aisbench.workload.files.tables import check_cells, table_int, table_rows
from aisbench.workload.files.trace_times import date_ns, seconds_ns
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces.trace import Recorded

COLUMNS = {
    "azure": ("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
    "burstgpt": ("Timestamp", "Request tokens", "Response tokens"),
}
SESSION = "Session ID"
Row = dict[Any, Any]


def table_lines(
    path: Path, kind: str, options: WorkloadOptions
) -> Iterator[tuple[int, Callable[[], tuple[Recorded, str]]]]:
    """The number of each row, and a function that reads its request and the name of its session, mostly empty."""
    at_name, input_name, output_name = COLUMNS[kind]
    time_in: Callable[[str], int] = date_ns if kind == "azure" else seconds_ns
    wanted = [input_name]
    if options.own_times:
        wanted.insert(0, at_name)
    if options.output_len is None:
        wanted.append(output_name)

    def recorded(row: Row) -> tuple[Recorded, str]:
        check_cells(row)
        request = Recorded(
            at(lambda: time_in((row.get(at_name) or "").strip()), options),
            whole_number(table_int(row, input_name), input_name, 0),
            whole_number(output_of(row), output_name, 0),
        )
        return request, (row.get(SESSION) or "").strip()

    def output_of(row: Row) -> int:
        if options.output_len is not None and not (row.get(output_name) or "").strip():
            return options.output_len
        return table_int(row, output_name)

    for number, row in table_rows(path, all_of=tuple(wanted), what=f"trace of kind {kind}"):
        yield number, lambda row=row: recorded(row)  # type: ignore[misc]


def at(read: Callable[[], int], options: WorkloadOptions) -> int | None:
    """The time, or None if it cannot be read and the trace's times are not used."""
    try:
        return read()
    except BadLine:
        if options.own_times:
            raise
        return None
