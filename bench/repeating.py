"""Makes a run of many requests from a small one, by repeating its rows with later times."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from aisbench._native.memory.histogram import HISTOGRAM_FIELDS, HISTOGRAMS
from aisbench._native.memory.recorder import (
    FLOW_BUCKET_NS,
    ROW_FIELDS,
    ROWS_HEADER_BYTES,
    ROWS_HEADER_FIELDS,
)

_ROW = np.dtype(ROW_FIELDS)
_HEADER = np.dtype(ROWS_HEADER_FIELDS)
# The times of a row; other fields that end in _ns are spans.
_MOMENTS = [name for name, *_ in ROW_FIELDS if name.endswith("_ns") and name != "client_delay_max_ns"]
# A worker's own figures that grow with the run.
_GROW = ("wall_ns", "cpu_ns", "runqueue_wait_ns", "reads", "reads_stamped")


def repeated(run: Path, into: Path, times: int) -> Path:
    """Writes a run of `times` as many requests, without reports, to the folder `into`."""
    source, records = run / "records", into / "records"
    records.mkdir(parents=True)
    info: dict[str, Any] = json.loads((source / "run.json").read_text())
    # A whole number of the flow's buckets, so that its counts can be repeated too.
    span_ns = -(-(info["end_ns"] - info["start_ns"]) // FLOW_BUCKET_NS) * FLOW_BUCKET_NS
    count = sum(_count(path) for path in source.glob("rows-*.bin"))
    for path in source.iterdir():
        if path.name.startswith("rows-"):
            _repeat_rows(path, records / path.name, times, span_ns, count)
        elif path.name.startswith("flow-"):
            flow = np.fromfile(path, "<i4")[: span_ns // FLOW_BUCKET_NS]
            padded = np.zeros(span_ns // FLOW_BUCKET_NS, "<i4")
            padded[: len(flow)] = flow
            np.tile(padded, times).tofile(records / path.name)
        elif path.name.startswith("hist-"):
            _repeat_histograms(path, records / path.name, times)
        elif path.suffix == ".npy":
            shutil.copy(path, records / path.name)
    info["end_ns"] += (times - 1) * span_ns
    # The end of sending is not known where the run ended with it.
    if info["sending_ended_ns"] is not None:
        info["sending_ended_ns"] += (times - 1) * span_ns
    if info["planned_requests"] is not None:
        info["planned_requests"] *= times
        info["config"]["num_requests"] = info["planned_requests"]
    for worker in info["workers"]:
        worker |= {name: worker[name] * times for name in _GROW}
    (records / "run.json").write_text(json.dumps(info))
    return into


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return int(np.frombuffer(file.read(_HEADER.itemsize), _HEADER)[0]["rows"])


def _repeat_rows(path: Path, into: Path, times: int, span_ns: int, count: int) -> None:
    """`span_ns` and `count`: by how much times and tickets grow with each repetition."""
    head = bytearray(path.read_bytes()[:ROWS_HEADER_BYTES])
    rows = np.fromfile(path, _ROW, _count(path), offset=ROWS_HEADER_BYTES)
    np.frombuffer(head, _HEADER, 1)["rows"][:] = times * len(rows)
    with into.open("wb") as file:
        file.write(head)
        for _ in range(times):
            rows.tofile(file)
            rows["slot"] += count
            for name in _MOMENTS:
                rows[name] += np.where(rows[name] > 0, span_ns, 0)


def _repeat_histograms(path: Path, into: Path, times: int) -> None:
    found = np.fromfile(path, np.dtype(HISTOGRAM_FIELDS), len(HISTOGRAMS))
    for name in ("count", "sum_ns", "sum_squares", "buckets"):
        found[name] *= times
    found.tofile(into)
