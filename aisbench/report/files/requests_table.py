"""Writes requests.jsonl: one object per request, with times in ms since the start."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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
from aisbench.report.files.json_lines import json_lines

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


class _Column(NamedTuple):
    """Values in JSON, with the byte `between` between each two. `known`: False where the value is null; None: all are known."""

    text: bytes
    between: bytes = b","
    known: NDArray[np.bool_] | None = None


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
                each = itertools.islice(gaps, count)
                columns["token_gaps_ms"] = _listed(orjson.dumps((one / 1e6).tolist()) for one in each)
            if answers is not None:
                kept = list(itertools.islice(answers, count))
                for name in KeptAnswer._fields:
                    columns[name] = _listed(orjson.dumps(getattr(answer, name)) for answer in kept)
            file.write(json_lines([(name, *column) for name, column in columns.items()], count))


def _batches(measured: Measured) -> Iterator[tuple[int, int]]:
    """Stretches of rows, each from one index to another, whose answers and token times fit into memory."""
    run = measured.run
    keeps_more = run.config.save_outputs or run.config.save_token_times
    for first in range(0, len(run.rows), _BATCH):
        if not keeps_more:
            yield first, min(first + _BATCH, len(run.rows))
            continue
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
        for name, column in _columns(measured, begin, begin + _BATCH).items():
            values = orjson.loads(b"[%b]" % column.text)
            if column.known is not None:
                for at in np.flatnonzero(~column.known).tolist():
                    values[at] = None
            found.setdefault(name, []).extend(values)
    return found


def _columns(measured: Measured, begin: int, end: int) -> dict[str, _Column]:
    """The values of rows `begin` to `end`, by column: encoding row by row takes several times as long."""
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


def _encoded(values: NDArray[Any], known: NDArray[np.bool_] | None = None) -> _Column:
    """Numbers or booleans of shape (rows,); null where `known` is False."""
    text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    return _Column(text[1:-1], known=None if known is None or known.all() else known)


def _spans(from_ns: NDArray[np.int64], to_ns: NDArray[np.int64]) -> _Column:
    return _encoded((to_ns - from_ns) / 1e6, (from_ns > 0) & (to_ns > 0))


def _named(names: Sequence[str], codes: NDArray[np.integer]) -> _Column:
    encoded = [orjson.dumps(name) for name in names]
    if len(codes) and (codes == codes[0]).all():
        return _repeated(encoded[int(codes[0])], len(codes))
    return _Column(b",".join([encoded[code] for code in codes.tolist()]))


def _errors(rows: NDArray[np.void]) -> _Column:
    """The kind of each row's failure; null if it did not fail."""
    failed = np.flatnonzero(rows["error"])
    if len(failed) == 0:
        return _repeated(b"null", len(rows))
    found = [b"null"] * len(rows)
    for at in failed.tolist():
        found[at] = orjson.dumps(error_kind(int(rows["error"][at]), int(rows["http_status"][at])))
    return _Column(b",".join(found))


def _repeated(value: bytes, count: int) -> _Column:
    return _Column(b",".join([value] * count))


def _listed(values: Iterable[bytes]) -> _Column:
    """Values in JSON that may contain commas. JSON on one line never contains a line break."""
    return _Column(b"\n".join(values), b"\n")
