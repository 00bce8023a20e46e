"""requests.jsonl: one object per request, times in ms since the start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from aisbench._native.memory.recorder import FINISHES, STATUSES
from aisbench.analysis.measured import Measured
from aisbench.analysis.tokens import each_gaps_ns, each_text
from aisbench.records.failure_kinds import error_kind

# Rows turned into Python objects at a time.
BATCH = 8192
MOMENTS = (
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
COUNTS = (
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
    """Writes one line per row of the run, by slot. Unknown counts and moments not reached are null."""
    run = measured.run
    gaps = each_gaps_ns(run) if run.config.get("save_token_times") else None
    texts = each_text(run) if run.config.get("save_outputs") else None
    with path.open("wb") as file:
        for begin in range(0, len(run.rows), BATCH):
            lines = []
            for line in lines_of(measured, begin, begin + BATCH):
                if gaps is not None:
                    line["token_gaps_ms"] = (next(gaps) / 1e6).tolist()
                if texts is not None:
                    line["content"], line["reasoning"] = next(texts)
                lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            file.writelines(lines)


def lines_of(measured: Measured, begin: int, end: int) -> Iterator[dict[str, Any]]:
    run = measured.run
    rows = run.rows[begin:end]
    columns: dict[str, list[Any]] = {
        "slot": rows["slot"].tolist(),
        "worker": run.row_workers[begin:end].tolist(),
        "status": [STATUSES[code] for code in rows["status"].tolist()],
        "error": [
            None if code == 0 else error_kind(code, status)
            for code, status in zip(rows["error"].tolist(), rows["http_status"].tolist(), strict=True)
        ],
    }
    for name in MOMENTS:
        columns[f"{name}_ms"] = moments_ms(rows[f"{name}_ns"], run.start_ns)
    for metric in measured.metrics:
        if metric.until is not None:
            until_ns = rows[metric.until]
            columns[metric.key] = spans_ms(rows["sent_ns"], until_ns)
            if run.is_open_loop:
                columns[f"{metric.plan_name}_ms"] = spans_ms(rows["planned_ns"], until_ns)
    if run.streams:
        columns["ttft_low_ms"] = spans_ms(rows["send_returned_ns"], rows["first_token_low_ns"])
    if len(run.info.get("endpoints") or ()) > 1:
        columns["endpoint"] = rows["endpoint"].tolist()
    if run.has_conversations:
        columns["conversation"] = rows["conversation"].tolist()
        columns["turn"] = (rows["turn"] + 1).tolist()
    columns["client_delay_max_ms"] = (rows["client_delay_max_ns"] / 1e6).tolist()
    for name in COUNTS:
        columns[name] = [None if value < 0 else value for value in rows[name].tolist()]
    columns["reused"] = (rows["reused"] > 0).tolist()
    columns["finish"] = [FINISHES[code] for code in rows["finish"].tolist()]
    names = tuple(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def moments_ms(values_ns: NDArray[np.int64], start_ns: int) -> list[float | None]:
    relative = ((values_ns - start_ns) / 1e6).tolist()
    return [ms if reached else None for ms, reached in zip(relative, (values_ns > 0).tolist(), strict=True)]


def spans_ms(from_ns: NDArray[np.int64], to_ns: NDArray[np.int64]) -> list[float | None]:
    known = ((from_ns > 0) & (to_ns > 0)).tolist()
    return [ms if both else None for ms, both in zip(((to_ns - from_ns) / 1e6).tolist(), known, strict=True)]
