"""Reads recorded traffic of any known format, which it recognises by the beginning of the file.

mooncake   JSON lines: timestamp (ms), input_length, output_length, hash_ids (one for each block)
azure      CSV: TIMESTAMP (date and time), ContextTokens, GeneratedTokens
burstgpt   CSV: Timestamp (s), Request tokens, Response tokens; failed requests (no response) are left out
bailian    JSON lines: chat_id, parent_chat_id, timestamp (s), input_length, output_length, hash_ids
weka       a JSON object for each session of an agent, in lines or in the files of a folder
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLine, BadLines
from aisbench.workload.files.dataset_files import json_entries
from aisbench.workload.files.file_kinds import column_names, separator_of
from aisbench.workload.files.tables import separator_notes
from aisbench.workload.files.trace_times import MS, S, is_date, times_note
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces import bailian, weka
from aisbench.workload.traces.mooncake import mooncake_lines
from aisbench.workload.traces.options import FORMATS
from aisbench.workload.traces.rows import Rows
from aisbench.workload.traces.tables import COLUMNS, table_lines
from aisbench.workload.traces.trace import Recorded, Trace, TraceSession
from aisbench.workload.traces.window import in_window

# A run's times are 64-bit nanoseconds.
_LONGEST_NS = 2**62


def format_of(path: Path, options: WorkloadOptions) -> str:
    """The format that the options name, or else that of the file; raises BadInput for an unknown one."""
    kind = options.trace_format or guessed_format(path)
    if kind not in FORMATS:
        raise BadInput(f"--trace-format {kind!r} is unknown; known: {', '.join(FORMATS)}")
    if path.is_dir() and kind != "weka":
        raise BadInput(f"--dataset-path {path} is a folder; a trace of kind {kind} is a file")
    return kind


def read_trace(path: Path, kind: str, options: WorkloadOptions, *, unit_ns: int = MS) -> Trace:
    """Reads a trace of one of FORMATS; raises BadInput where no request can be used.

    `unit_ns`: the unit of a Mooncake trace's times, in ns.
    """
    trace = _read(path, kind, options, unit_ns)
    if not trace.sessions:
        raise BadInput(f"{path} contains no request that was answered")
    trace = trace.sorted()
    notes = [*trace.notes]
    if trace.one_clock and options.own_times:
        times = sorted(request.at_ns for request in trace.requests if request.at_ns is not None)
        if times[-1] - times[0] >= _LONGEST_NS:
            raise BadInput(
                f"--dataset-path {path}: its first and last request are centuries apart; correct its times"
            )
        notes.append(times_note(times, _unit_shown(path, kind, options, unit_ns), options))
    return in_window(replace(trace, notes=notes), options)


def _read(path: Path, kind: str, options: WorkloadOptions, unit_ns: int) -> Trace:
    if kind == "weka":
        rows = Rows(path, options, "file" if path.is_dir() else "line")
        found = weka.read_weka(rows, options)
        _check(rows.bad, options)
        notes = [*rows.notes(), *found.notes]
        return Trace(kind, found.sessions, rows.bad.facts(), notes, False, found.block, whole_only=True)
    rows = Rows(path, options)
    if kind == "bailian":
        sessions, notes = bailian.read_bailian(rows, options)
        _check(rows.bad, options)
        return Trace(
            kind, sessions, rows.bad.facts(), [*rows.notes(), *notes], block=bailian.BLOCK, whole_only=True
        )
    return _read_rows(rows, kind, options, unit_ns)


def _check(bad: BadLines, options: WorkloadOptions) -> None:
    """Raises BadInput where no row can be used, with advice."""
    hint = ""
    if any("imestamp is missing" in kind for kind in bad.kinds):
        hint = "; for a trace without times, give --rate (or --rate inf with --concurrency)"
    elif any("output_length is missing" in kind for kind in bad.kinds):
        hint = "; for a trace without output lengths, give --output-len"
    bad.check(hint)


def _read_rows(rows: Rows, kind: str, options: WorkloadOptions, unit_ns: int) -> Trace:
    """A trace whose requests do not wait for each other."""
    sessions: list[TraceSession] = []
    failed = 0
    named: dict[str, int] = {}
    known: dict[str, TraceSession] = {}
    lines = (
        table_lines(rows.path, kind, options)
        if kind in COLUMNS
        else mooncake_lines(rows.path, options, unit_ns)
    )
    for number, parse in lines:
        try:
            request, session = parse()
            if request.output_tokens == 0 and kind == "burstgpt":
                failed += 1
                continue
            _add(rows.checked(request), session if kind == "mooncake" else "", sessions, known)
        except BadLine as problem:
            rows.bad.add(number, problem)
            continue
        rows.bad.used += 1
        if session and kind == "burstgpt":
            named[session] = named.get(session, 0) + 1
    _check(rows.bad, options)
    notes = [*rows.notes(), *(separator_notes(rows.path, COLUMNS[kind]) if kind in COLUMNS else ())]
    if named:
        notes.append(
            f"{sum(named.values())} rows belong to {len(named)} sessions (Session ID); each is sent on its own, as the "
            "format does not say whether a row's tokens contain the turns before it"
        )
    if failed:
        notes.append(f"{failed} failed requests of the trace are left out")
    return Trace(kind, sessions, rows.bad.facts(), notes)


def _add(request: Recorded, name: str, sessions: list[TraceSession], known: dict[str, TraceSession]) -> None:
    """Adds a request to the session of its name, after the last one there; without a name, as a session of its own."""
    if name in known:
        session = known[name]
        session.requests.append(replace(request, after=(len(session.requests) - 1,)))
        return
    if request.at_ns is None and request.pause_ns is not None:
        raise BadLine("timestamp is missing, and no line before it of its session can be used")
    sessions.append(TraceSession([request]))
    if name:
        known[name] = sessions[-1]


def _unit_shown(path: Path, kind: str, options: WorkloadOptions, unit_ns: int) -> int | None:
    """The unit of the times that the file holds, in ns; None: they are dates."""
    if kind == "azure" or (kind == "mooncake" and _has_dates(path, options)):
        return None
    return unit_ns if kind == "mooncake" else S


def _has_dates(path: Path, options: WorkloadOptions) -> bool:
    """Whether the first line of a Mooncake trace has a date for a timestamp."""
    try:
        _, parse = next(json_entries(path, "trace"))
        return is_date(parse().get(options.timed_trace_label_timestamp))
    except (BadLine, AttributeError):
        return False


def guessed_format(path: Path) -> str:
    """The format of a file or folder; raises BadInput for one that is not a trace."""
    if path.is_dir():
        return "weka"
    for kind, columns in COLUMNS.items():
        names = column_names(path, separator_of(path, columns[1:]))
        if columns[1] in names:
            return kind
        if names and names[0].startswith(("{", "[")):
            return _format_of_json(path)
    raise BadInput(
        f"{path} is not a trace: neither JSON (mooncake, bailian, weka) nor CSV with the columns "
        + " or ".join(f"{', '.join(columns)} ({kind})" for kind, columns in COLUMNS.items())
    )


def _format_of_json(path: Path) -> str:
    if weka.is_weka(path):
        return "weka"
    try:
        _, parse = next(json_entries(path, "trace"))
        row: Any = parse()
    except (BadLine, StopIteration):
        row = None
    return "bailian" if isinstance(row, dict) and all(name in row for name in bailian.NAMES) else "mooncake"
