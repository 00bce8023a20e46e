"""Reads the samples taken once a second during the run: records/server.jsonl and records/devices.jsonl."""

from __future__ import annotations

from typing import Any

from aisbench.records.json_lines import read_json_lines
from aisbench.records.run import Run

Sample = dict[str, Any]


class ServerSamples(dict[int, list[Sample]]):
    """Samples by endpoint, in order. `not_finite`: the metrics left out because they were not finite numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.not_finite: set[str] = set()


DeviceSamples = dict[str, list[Sample]]


def server_samples(run: Run) -> ServerSamples:
    """The samples of the servers; empty if none were taken. A null in the file is a number that was not finite."""
    found = ServerSamples()
    for sample in read_json_lines(run.records / "server.jsonl"):
        try:
            endpoint, values = int(sample["endpoint"]), sample["values"]
            sample["values"] = {k: v for k, v in values.items() if v is not None}
        except (ValueError, LookupError, TypeError, AttributeError):
            continue
        found.not_finite |= values.keys() - sample["values"].keys()
        found.setdefault(endpoint, []).append(sample)
    for endpoint, samples in found.items():
        found[endpoint] = _since_start(run, samples)
    return found


def device_samples(run: Run) -> DeviceSamples:
    """The samples of each device, in order; empty if none were taken."""
    found: DeviceSamples = {}
    for sample in read_json_lines(run.records / "devices.jsonl"):
        try:
            found.setdefault(str(sample["device"]), []).append({**sample, "t_ns": int(sample["t_ns"])})
        except (ValueError, LookupError, TypeError):
            continue
    return {device: _since_start(run, samples) for device, samples in found.items()}


def _since_start(run: Run, samples: list[Sample]) -> list[Sample]:
    """The samples without those of a warm-up, but for the last one, from which counters grow."""
    if not run.left_out:
        return samples
    before = sum(sample["t_ns"] < run.start_ns for sample in samples)
    return samples[max(0, before - 1) :]
