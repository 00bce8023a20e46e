"""Reads recorded traffic: when requests arrived, how long they were, and which blocks they shared.

Three formats, recognised by the file's first line:

    mooncake   JSON lines: timestamp (ms), input_length, output_length, hash_ids (one for each block)
    azure      CSV: TIMESTAMP (date and time), ContextTokens, GeneratedTokens
    burstgpt   CSV: Timestamp (s), Request tokens, Response tokens; failed requests (no response) are left out
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.dataset_options import TRACE_FORMATS
from aisbench.workload.files.bad_lines import BadLine, BadLines, shortened, whole_number
from aisbench.workload.files.dataset_files import json_entries
from aisbench.workload.files.file_kinds import column_names, separator_of
from aisbench.workload.files.tables import check_cells, separator_notes, table_int, table_rows
from aisbench.workload.files.trace_times import MS, S, date_ns, is_date, number_ns, seconds_ns, times_note
from aisbench.workload.options import WorkloadOptions

_COLUMNS = {
    "azure": ("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
    "burstgpt": ("Timestamp", "Request tokens", "Response tokens"),
}
# Block sizes to suggest for a trace whose hash ids do not fit its lengths.
_BLOCK_SIZES = (16, 32, 64, 128, 256, 512, 1024)

# A run's times are 64-bit nanoseconds.
_LONGEST_NS = 2**62

Row = dict[Any, Any]


@dataclass(frozen=True)
class Recorded:
    """One request of a trace, with lengths in tokens and the ids of its blocks.

    `at_ns`: on the trace's own clock; None: not recorded.
    """

    at_ns: int | None
    input_tokens: int
    output_tokens: int
    blocks: tuple[int | str, ...] = ()

    def fits(self, block: int) -> bool:
        """Whether it has one hash id for each block of `block` tokens of its input, or none at all."""
        return not self.blocks or len(self.blocks) == -(-self.input_tokens // block)


@dataclass(frozen=True)
class Trace:
    """Requests in the order of their times; equal or missing times keep the order of the file.

    `failed`: the number of requests without an answer, which are left out.
    """

    format: str
    requests: list[Recorded]
    failed: int
    rows: dict[str, Any]
    notes: list[str]

    def offsets_ns(self, speedup: float) -> NDArray[np.int64]:
        """When each request is due, in ns after the first: the recorded distance divided by `speedup`."""
        at = [request.at_ns or 0 for request in self.requests]
        offsets = np.array([one - at[0] for one in at], dtype=np.float64)
        return np.rint(offsets / speedup).astype(np.int64)


def read_trace(path: Path, options: WorkloadOptions, *, unit_ns: int = MS) -> Trace:
    """Reads a trace; raises BadInput for an unknown format, and where no request can be used.

    `unit_ns`: the unit of a Mooncake trace's timestamps, in ns.
    """
    kind = options.trace_format or _guessed_format(path)
    if kind not in TRACE_FORMATS:
        raise BadInput(f"--trace-format {kind!r} is unknown; known: {', '.join(TRACE_FORMATS)}")
    is_table = kind in _COLUMNS
    bad = BadLines(path, strict=options.strict_dataset)
    requests: list[Recorded] = []
    failed = 0
    for number, parse in (
        _table_lines(path, kind, options) if is_table else _mooncake_lines(path, options, unit_ns)
    ):
        try:
            request = parse()
            if request.output_tokens == 0 and kind == "burstgpt":
                failed += 1
                continue
            _check_lengths(request)
        except BadLine as problem:
            bad.add(number, problem)
            continue
        bad.used += 1
        requests.append(request)
    bad.check(hint(bad, options))
    if not requests:
        raise BadInput(f"{path} contains no request that was answered")
    if all(request.at_ns is not None for request in requests):
        requests.sort(key=lambda request: request.at_ns or 0)
    notes = [*bad.notes(), *(separator_notes(path, _COLUMNS[kind]) if is_table else ())]
    if options.own_times:
        check_span(path, requests)
        shown = (
            None
            if kind == "azure" or _has_dates(path, kind, options)
            else S
            if kind == "burstgpt"
            else unit_ns
        )
        notes.append(times_note([request.at_ns or 0 for request in requests], shown, options))
    return Trace(kind, requests, failed, bad.facts(), notes)


def check_span(path: Path, requests: list[Recorded]) -> None:
    if (requests[-1].at_ns or 0) - (requests[0].at_ns or 0) >= _LONGEST_NS:
        raise BadInput(
            f"--dataset-path {path}: its first and last request are centuries apart; correct its times"
        )


def _has_dates(path: Path, kind: str, options: WorkloadOptions) -> bool:
    """Whether the first line of a Mooncake trace has a date for a timestamp."""
    if kind != "mooncake":
        return False
    try:
        _, parse = next(json_entries(path, "trace"))
        return is_date(parse().get(options.timed_trace_label_timestamp))
    except (BadLine, AttributeError):
        return False


def _check_lengths(request: Recorded) -> None:
    if request.output_tokens == 0:
        raise BadLine("an output length of 0")
    if request.input_tokens == 0:
        raise BadLine("an input length of 0")


def hint(bad: BadLines, options: WorkloadOptions) -> str:
    """Advice for a file without a usable row."""
    if any("imestamp is missing" in kind for kind in bad.kinds):
        return "; for a trace without times, give --rate (or --rate inf with --concurrency)"
    if any("output_length is missing" in kind for kind in bad.kinds):
        return "; for a trace without output lengths, give --output-len"
    return ""


def _guessed_format(path: Path) -> str:
    for kind, columns in _COLUMNS.items():
        names = column_names(path, separator_of(path, columns[1:]))
        if columns[1] in names:
            return kind
        if names and names[0].startswith(("{", "[")):
            return "mooncake"
    raise BadInput(
        f"{path} is not a trace: neither JSON lines (mooncake) nor CSV with the columns "
        + " or ".join(f"{', '.join(columns)} ({kind})" for kind, columns in _COLUMNS.items())
    )


_Parsed = Iterator[tuple[int, Callable[[], Recorded]]]


def _mooncake_lines(path: Path, options: WorkloadOptions, unit_ns: int) -> _Parsed:
    for number, parse in json_entries(path, options.dataset):
        yield number, lambda parse=parse: _mooncake(parse(), options, unit_ns)  # type: ignore[misc]


def _mooncake(row: Any, options: WorkloadOptions, unit_ns: int) -> Recorded:
    if not isinstance(row, dict):
        raise BadLine(f"{type(row).__name__} instead of a JSON object")
    output = row.get(options.timed_trace_label_output_length)
    return Recorded(
        at(lambda: number_ns(row.get(options.timed_trace_label_timestamp), unit_ns), options),
        whole_number(
            row.get(options.timed_trace_label_input_length), options.timed_trace_label_input_length, 0
        ),
        options.output_len
        if output is None and options.output_len is not None
        else whole_number(output, options.timed_trace_label_output_length, 0),
        _blocks_in(row.get(options.timed_trace_label_hash_ids) or []),
    )


def _blocks_in(ids: Any) -> tuple[int | str, ...]:
    """Hash ids: numbers of any size, or texts."""
    if not isinstance(ids, list):
        raise BadLine("hash_ids is not a list")
    # orjson turns whole numbers beyond 64 bits into floats.
    ids = [int(one) if isinstance(one, float) and one.is_integer() else one for one in ids]
    for one in ids:
        if isinstance(one, bool) or not isinstance(one, (int, str)):
            raise BadLine(
                f"a hash id is {shortened(one)}, neither a whole number nor a text",
                "a hash id that is neither a whole number nor a text",
            )
    return tuple(ids)


def at(read: Callable[[], int], options: WorkloadOptions) -> int | None:
    """The time, or None if it cannot be read and the trace's times are not used."""
    try:
        return read()
    except BadLine:
        if options.own_times:
            raise
        return None


def _table_lines(path: Path, kind: str, options: WorkloadOptions) -> _Parsed:
    at_name, input_name, output_name = _COLUMNS[kind]
    time_in: Callable[[str], int] = date_ns if kind == "azure" else seconds_ns
    wanted = [input_name]
    if options.own_times:
        wanted.insert(0, at_name)
    if options.output_len is None:
        wanted.append(output_name)

    def recorded(row: Row) -> Recorded:
        check_cells(row)
        return Recorded(
            at(lambda: time_in((row.get(at_name) or "").strip()), options),
            whole_number(table_int(row, input_name), input_name, 0),
            whole_number(output_of(row), output_name, 0),
        )

    def output_of(row: Row) -> int:
        if options.output_len is not None and not (row.get(output_name) or "").strip():
            return options.output_len
        return table_int(row, output_name)

    for number, row in table_rows(path, all_of=tuple(wanted), what=f"trace of kind {kind}"):
        yield number, lambda row=row: recorded(row)  # type: ignore[misc]


def fit_note(requests: list[Recorded], block: int) -> list[str]:
    """A note if the numbers of hash ids do not fit the lengths in blocks of `block` tokens."""
    misfits = sum(not request.fits(block) for request in requests)
    if misfits == 0:
        return []
    others = [size for size in _BLOCK_SIZES if all(request.fits(size) for request in requests)]
    advice = f"; --block-size {others[-1]} fits all" if others else ""
    return [
        f"{misfits} of {len(requests)} requests have more or fewer hash ids than their input has blocks of "
        f"{block} tokens{advice}"
    ]
