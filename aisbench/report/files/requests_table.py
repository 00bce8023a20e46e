"""Writes requests.jsonl: one object per request, with times in ms since the start."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from aisbench._native.memory.recorder import STATUSES
from aisbench._native.protocol.finish import FINISHES
from aisbench.analysis.latencies import Columns
from aisbench.analysis.measured import Measured
from aisbench.analysis.tokens import each_gaps_ns
from aisbench.records.failure_kinds import error_kind
from aisbench.records.texts import KeptAnswer, each_answer

# Rows turned into Python objects at a time, and bytes of kept answers and token times, unless one row has more.
_BATCH = 2048
_BATCH_BYTES = 1 << 24
_MOMENTS = (
    "planned",
    "began",
    "sent",
    "first_byte",
    "first_chunk",
    "first_token",
    "first_answer",
    "last_token",
    "done",
)
_COUNTS = (
    "prompt_tokens",
    "output_tokens",
    "content_events",
    "reasoning_events",
    "events",
    "reads",
    "merged_reads",
    "bytes_received",
    "http_status",
    "attempts",
)


def write_requests(measured: Measured, path: Path) -> None:
    """Writes one line per row of the run, in order of slots. Unknown counts and moments that were not reached are null."""
    run = measured.run
    gaps = each_gaps_ns(run) if run.config.save_token_times else None
    answers = each_answer(run) if run.config.save_outputs else None
    with path.open("wb") as file:
        for begin, end in _batches(measured):
            columns = _columns(measured, begin, end)
            count = end - begin
            if gaps is not None:
                columns["token_gaps_ms"] = [
                    orjson.dumps((each / 1e6).tolist()) for each in itertools.islice(gaps, count)
                ]
            if answers is not None:
                kept = list(itertools.islice(answers, count))
                for name in KeptAnswer._fields:
                    columns[name] = [orjson.dumps(getattr(answer, name)) for answer in kept]
            members = [_members(name, values) for name, values in columns.items()]
            lines = map(b",".join, zip(*members, strict=True))
            file.write(b"{%b}\n" % b"}\n{".join(lines))


def _batches(measured: Measured) -> Iterator[tuple[int, int]]:
    """Stretches of rows, each from one index to another, whose answers and token times fit into memory."""
    run = measured.run
    for first in range(0, len(run.rows), _BATCH):
        rows = run.rows[first : first + _BATCH]
        sizes = np.zeros(len(rows), np.int64)
        if run.config.save_outputs:
            sizes += rows["text_log_bytes"]
        if run.config.save_token_times:
            sizes += 4 * rows["content_events"].astype(np.int64)
        begin = taken = 0
        for at, size in enumerate(sizes.tolist()):
            if taken and taken + size > _BATCH_BYTES:
                yield first + begin, first + at
                begin, taken = at, 0
            taken += size
        yield first + begin, first + len(rows)


def request_columns(measured: Measured) -> dict[str, list[Any]]:
    """The fields of `write_requests` as columns of plain values, without token gaps and texts."""
    found: dict[str, list[Any]] = {}
    for begin in range(0, len(measured.run.rows), _BATCH):
        for name, values in _columns(measured, begin, begin + _BATCH).items():
            found.setdefault(name, []).extend(orjson.loads(b"[%b]" % b",".join(values)))
    return found


def _members(name: str, values: list[bytes]) -> list[bytes]:
    """`"name":value` for each of `values`, which are JSON already."""
    key = orjson.dumps(name) + b":"
    # JSON never contains this byte, so the joined text can be split at it.
    return (key + (b"\0" + key).join(values)).split(b"\0")


def _columns(measured: Measured, begin: int, end: int) -> dict[str, list[bytes]]:
    """The values of rows `begin` to `end` in JSON, by column: this takes half as long as encoding row by row."""
    run = measured.run
    rows = run.rows[begin:end]
    columns = {
        "slot": _encoded(rows["slot"]),
        "worker": _encoded(run.row_workers[begin:end]),
        "status": _named(STATUSES, rows["status"]),
        "error": _errors(rows),
    }
    for name in _MOMENTS:
        moment_ns = rows[f"{name}_ns"]
        columns[f"{name}_ms"] = _encoded((moment_ns - run.start_ns) / 1e6, moment_ns > 0)
    requests = Columns(rows, measured.tokens.output[begin:end])
    for metric in measured.metrics:
        if metric.until is not None:
            values, until_ns = metric.of(requests), rows[metric.until]
            reached = (rows["sent_ns"] > 0) & (until_ns > 0) & ~np.isnan(values)
            columns[metric.key] = _encoded(values, reached)
            if metric.from_plan and run.is_open_loop:
                columns[f"{metric.plan_name}_ms"] = _spans(rows["planned_ns"], until_ns)
    if run.streams:
        columns["ttft_low_ms"] = _spans(rows["send_returned_ns"], rows["first_token_low_ns"])
    if len(run.info.get("endpoints") or ()) > 1:
        columns["endpoint"] = _encoded(rows["endpoint"])
    if run.has_conversations:
        columns["conversation"] = _encoded(rows["conversation"])
        columns["turn"] = _encoded(rows["turn"] + 1)
    columns["client_delay_max_ms"] = _encoded(rows["client_delay_max_ns"] / 1e6)
    for name in _COUNTS:
        columns[name] = _encoded(rows[name], rows[name] >= 0)
    columns["reused"] = _encoded(rows["reused"] > 0)
    columns["finish"] = _named(FINISHES, rows["finish"])
    return columns


def _encoded(values: NDArray[Any], known: NDArray[np.bool_] | None = None) -> list[bytes]:
    """Numbers or booleans of shape (rows,) as JSON; null where `known` is False."""
    if len(values) == 0:
        return []
    text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    found = text[1:-1].split(b",")
    if known is not None:
        for at in np.flatnonzero(~known).tolist():
            found[at] = b"null"
    return found


def _spans(from_ns: NDArray[np.int64], to_ns: NDArray[np.int64]) -> list[bytes]:
    return _encoded((to_ns - from_ns) / 1e6, (from_ns > 0) & (to_ns > 0))


def _named(names: Sequence[str], codes: NDArray[np.integer]) -> list[bytes]:
    encoded = [orjson.dumps(name) for name in names]
    return [encoded[code] for code in codes.tolist()]


def _errors(rows: NDArray[np.void]) -> list[bytes]:
    """The kind of each row's failure as JSON; null if it did not fail."""
    found = [b"null"] * len(rows)
    for at in np.flatnonzero(rows["error"]).tolist():
        found[at] = orjson.dumps(error_kind(int(rows["error"][at]), int(rows["http_status"][at])))
    return found
