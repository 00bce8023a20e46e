"""Samples read once a second beside the run: records/server.jsonl and records/devices.jsonl."""

from __future__ import annotations

from typing import Any

from aisbench.records.json_lines import read_json_lines
from aisbench.records.run import Run

Sample = dict[str, Any]


class ServerSamples(dict[int, list[Sample]]):
    """Per endpoint its samples in their order. `not_finite`: names of metrics left out, since they were no numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.not_finite: set[str] = set()


DeviceSamples = dict[str, list[Sample]]


def server_samples(run: Run) -> ServerSamples:
    """Empty where nothing was read. null stands for what was not a finite number."""
    found = ServerSamples()
    for sample in read_json_lines(run.records / "server.jsonl"):
        try:
            endpoint, values = int(sample["endpoint"]), sample["values"]
            sample["values"] = {k: v for k, v in values.items() if v is not None}
        except (ValueError, LookupError, TypeError, AttributeError):
            continue
        found.not_finite |= values.keys() - sample["values"].keys()
        found.setdefault(endpoint, []).append(sample)
    return found


def device_samples(run: Run) -> DeviceSamples:
    """By device its samples in their order; empty where nothing was read."""
    found: DeviceSamples = {}
    for sample in read_json_lines(run.records / "devices.jsonl"):
        try:
            found.setdefault(str(sample["device"]), []).append({**sample, "t_ns": int(sample["t_ns"])})
        except (ValueError, LookupError, TypeError):
            continue
    return found
