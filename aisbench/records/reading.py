"""Reads the files of records/, each into what a Run holds of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.histogram import HISTOGRAM_FIELDS, HISTOGRAMS
from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.records.histograms import Histogram
from aisbench.records.info_types import check_types

_HISTOGRAM = np.dtype(HISTOGRAM_FIELDS)
# While a run goes on, a worker adds values to a histogram that is being read.
_ADDED_MEANWHILE = 1000
ROWS_NAME = re.compile(r"rows-(\d+)\.bin$")


def started_workers(info: dict[str, Any], config: RunConfig) -> set[int]:
    """The workers that have records: those of the run's end, or, of one that was killed, those that it was asked for."""
    closed = {int(figures["worker"]) for figures in info.get("workers") or ()}
    if closed or not info.get("start_ns"):
        # Of a run that never started the files may be missing.
        return closed if info.get("start_ns") else set()
    return set(range(config.workers or 0))


def read_array(path: Path) -> NDArray[Any]:
    """A file of NumPy's own format. Raises OSError if it cannot be read, and ValueError if it is broken."""
    try:
        found: NDArray[Any] = np.load(path, allow_pickle=False)
    except OSError:
        raise
    # NumPy reads the file's head as Python, and so fails in more ways than it says.
    except Exception as problem:
        raise ValueError(str(problem) or type(problem).__name__) from None
    if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype.kind not in "iu":
        raise ValueError("it does not hold a row of whole numbers")
    return found


def read_info(path: Path, folder: Path) -> dict[str, Any]:
    try:
        info = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise BadInput(
            f"{folder} is not a run folder (it has no records/run.json); give one like outputs/default/20261123_140000"
        ) from None
    except ValueError as problem:
        raise BadInput(f"{path} is not readable as JSON: {problem}") from None
    if not isinstance(info, dict) or info.get("schema") != 1:
        raise BadInput(f"{path} has a schema that this version does not know; it reads schema 1")
    check_types(path, info)
    return info


def read_config(path: Path, info: dict[str, Any]) -> RunConfig:
    written = info.get("config") or {}
    if not isinstance(written, dict):
        raise BadInput(f"{path}: config must be an object of options, got {json.dumps(written)}")
    try:
        return RunConfig.from_dict(written)
    except BadInput as problem:
        raise BadInput(f"{path}: config: {problem}") from None


def read_histograms(paths: list[Path]) -> dict[str, Histogram]:
    merged = {name: Histogram.empty() for name in HISTOGRAMS}
    for path in paths:
        if path.stat().st_size < _HISTOGRAM.itemsize * len(HISTOGRAMS):
            raise BadInput(
                f"{path} is cut short: it has {path.stat().st_size} bytes of {_HISTOGRAM.itemsize * len(HISTOGRAMS)}, and "
                "latencies need the whole file"
            )
        records = np.memmap(path, _HISTOGRAM, "r", shape=(len(HISTOGRAMS),))
        for name, record in zip(HISTOGRAMS, records, strict=True):
            one = Histogram.of_record(record)
            total = int(one.buckets.sum())
            if int(one.buckets.min()) < 0 or abs(total - one.count) > _ADDED_MEANWHILE:
                raise BadInput(
                    f"{path} is damaged: {name} counts {one.count} values, and its buckets hold {total}"
                )
            merged[name] = merged[name].plus(one)
    return merged


def read_flow(paths: list[Path], shifts_ns: list[int]) -> NDArray[np.int64]:
    """The workers' token flow, summed on one axis, cut after the last bucket that counted something."""
    total = np.zeros(0, np.int64)
    for path, shift_ns in zip(paths, shifts_ns, strict=True):
        if not path.is_file():
            continue
        counts = np.fromfile(path, "<i4")
        used = np.flatnonzero(counts)
        if len(used) == 0:
            continue
        shift = max(0, shift_ns // FLOW_BUCKET_NS)
        end = shift + int(used[-1]) + 1
        if end > len(total):
            total = np.concatenate([total, np.zeros(end - len(total), np.int64)])
        total[shift:end] += counts[: used[-1] + 1]
    return total
